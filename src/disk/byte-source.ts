/**
 * A file's bytes, plain or compressed, once through, in constant memory.
 *
 *   in   : a path
 *   out  : piece after piece; how it ended
 *   never: more than was there when it was opened; waits for a writer; changes anything
 *
 * What is compressed is known by its first bytes, not by its name: gzip (any number of members) and Zstandard (any number
 * of frames). A small file may unpack to any length, so pieces are bounded and the taker may stop.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { Fault } from '../core/fault.js';
import type { Ending } from '../core/verify/ending.js';
import { errorCode } from './error-code.js';
import { packedPieces, readGzip } from './gzip-members.js';

const PIECE_BYTES = 256 * 1024;
/** Of packed Zstandard at once: four bytes may unpack to 128 KiB. */
const PACKED_SLICE_BYTES = 2 * 1024;
const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
/** The first byte's lower half is free. */
const SKIPPABLE = [0x50, 0x2a, 0x4d, 0x18];
/** Of the portable decoder: codes for a window above its bound, and for data that stops. */
const WINDOW_TOO_LARGE = 1;
const STOPS = 5;

export type Packing = 'plain' | 'gzip' | 'zstd';

/** The piece is valid during the call only. False ends the reading. */
export type TakePiece = (piece: Uint8Array) => boolean | Promise<boolean>;

export interface Opened {
  readonly packing: Packing;
  /** Of the file as it lies there. */
  readonly sizeBytes: number;
}

/**
 * Hands over the unpacked bytes.
 *
 * @param native False: the portable decoder, whatever this Node.js has. For tests.
 * @throws Fault `log_unreadable` for what cannot be opened or read, or is no regular file.
 */
export async function readBytes(path: string, take: TakePiece, native = true): Promise<Ending> {
  let fd: number | null = null;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { packing, sizeBytes } = look(fd, path);
    if (packing === 'plain') return await plain(fd, sizeBytes, take);
    if (packing === 'gzip') return await readGzip(fd, sizeBytes, take);
    const create = native ? nativeZstd() : null;
    if (create === null) return await portableZstd(fd, sizeBytes, path, take);
    return await zstdFrames(fd, sizeBytes, create, take);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('log_unreadable', { path, why: errorCode(error) }, { cause: error });
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** @throws Fault `log_unreadable` */
export function openedAs(path: string): Opened {
  let fd: number | null = null;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return look(fd, path);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('log_unreadable', { path, why: errorCode(error) }, { cause: error });
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

function look(fd: number, path: string): Opened {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw new Fault('log_unreadable', { path, why: 'it is not a regular file' });
  const head = new Uint8Array(ZSTD.length);
  readSync(fd, head, 0, head.length, 0);
  const begins = (magic: readonly number[]): boolean => magic.every((byte, i) => head[i] === byte);
  return { packing: begins(GZIP) ? 'gzip' : begins(ZSTD) ? 'zstd' : 'plain', sizeBytes: stat.size };
}

async function plain(fd: number, size: number, take: TakePiece): Promise<Ending> {
  const buffer = new Uint8Array(PIECE_BYTES);
  for (let at = 0; at < size; ) {
    const read = readSync(fd, buffer, 0, Math.min(buffer.length, size - at), at);
    if (read === 0) break;
    at += read;
    const more = take(buffer.subarray(0, read));
    if ((typeof more === 'boolean' ? more : await more) === false) break;
  }
  return { kind: 'whole' };
}

type Unpack = Transform & { readonly bytesWritten: number };

/** Node.js has Zstandard from 22.15 and 23.8 on. */
function nativeZstd(): (() => Unpack) | null {
  const { createZstdDecompress: create } = zlib as typeof zlib & {
    createZstdDecompress?: (options: { chunkSize: number }) => Unpack;
  };
  return create ? () => create({ chunkSize: PIECE_BYTES }) : null;
}

/** That of Node.js ends with the first frame. */
async function zstdFrames(fd: number, size: number, create: () => Unpack, take: TakePiece): Promise<Ending> {
  const head = new Uint8Array(ZSTD.length);
  for (let at = 0; at < size; ) {
    const read = readSync(fd, head, 0, head.length, at);
    const skippable = read === head.length && ((head[0] as number) & 0xf0) === 0x50 && sameEnd(head, SKIPPABLE);
    if (at > 0 && !skippable && !ZSTD.every((byte, i) => head[i] === byte))
      return { kind: 'trailing', bytes: size - at };
    const frame = await oneFrame(fd, at, size, create(), take);
    if (typeof frame !== 'number') return frame ?? { kind: 'whole' };
    if (frame === at) return { kind: 'trailing', bytes: size - at };
    at = frame;
  }
  return { kind: 'whole' };
}

const sameEnd = (head: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, i) => i === 0 || head[i] === byte);

/** @returns the offset after the frame; null when the taker stopped */
async function oneFrame(
  fd: number,
  from: number,
  size: number,
  unpack: Unpack,
  take: TakePiece,
): Promise<number | Ending | null> {
  const input = Readable.from(packedPieces(fd, from, size), { highWaterMark: 1 });
  let failed: unknown = null;
  input.on('error', error => {
    failed = error;
    unpack.destroy(error);
  });
  try {
    for await (const piece of input.pipe(unpack)) if (!(await take(piece as Buffer))) return null;
    return from + unpack.bytesWritten;
  } catch (error) {
    if (failed !== null || !isUnpackError(error)) throw error;
    const { code, message } = error as { code: string; message: string };
    return code === 'Z_BUF_ERROR' ? { kind: 'cut_short' } : { kind: 'spoiled', why: message };
  } finally {
    unpack.destroy();
    input.destroy();
  }
}

function isUnpackError(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^(Z_|ZSTD_)/.test(code);
}

async function portableZstd(fd: number, size: number, path: string, take: TakePiece): Promise<Ending> {
  let pieces: Uint8Array[] = [];
  const unpack = new Decompress(piece => void pieces.push(piece));
  const buffer = new Uint8Array(PACKED_SLICE_BYTES);
  for (let at = 0; at < size; ) {
    const read = readSync(fd, buffer, 0, Math.min(buffer.length, size - at), at);
    if (read === 0) break;
    at += read;
    let ending: Ending | null = null;
    try {
      // It keeps what it is given until a block is whole.
      unpack.push(buffer.slice(0, read), at >= size);
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      if (code === WINDOW_TOO_LARGE) {
        throw new Fault('log_unreadable', { path, why: 'its Zstandard window is too large; unpack it with zstd -d' });
      }
      const why = error instanceof Error ? error.message : String(error);
      ending = code === STOPS ? { kind: 'cut_short' } : { kind: 'spoiled', why };
    }
    for (const piece of pieces) if (piece.length > 0 && !(await take(piece))) return { kind: 'whole' };
    pieces = [];
    if (ending !== null) return ending;
  }
  return { kind: 'whole' };
}
