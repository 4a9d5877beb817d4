/**
 * A file as a browser hands it over: its bytes, plain or compressed, once through, in constant memory.
 *
 *   in   : something that can be read in slices (a browser's File)
 *   out  : piece after piece; how it ended
 *   never: more than a few pieces in memory
 *
 * As src/disk/byte-source.ts reads a path: what is compressed is known by its first bytes, not by its name.
 */
import { Decompress } from 'fzstd';
import type { Ending } from '../core/verify/ending.js';
import { HEADER_MAX_BYTES, headerLength, isGzip, TRAILER_BYTES, trailerProblem } from '../core/verify/gzip-frame.js';
import { crc32 } from './crc32.js';
import { Inflate, InflateError } from './inflate.js';

const PIECE_BYTES = 1024 * 1024;
const PACKED_BYTES = 64 * 1024;
/** Of packed Zstandard at once: four bytes may unpack to 128 KiB. */
const ZSTD_SLICE_BYTES = 2 * 1024;
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
/** Codes of the Zstandard decoder. */
const WINDOW_TOO_LARGE = 1;
const STOPS = 5;

/** A browser's File, and Node's. */
export interface Slices {
  readonly size: number;
  slice(from: number, to: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

export interface Dropped {
  /** How it is called in findings: no two alike. */
  readonly name: string;
  readonly bytes: Slices;
}

/** What cannot be judged, and what to do; nothing is concluded from the rest. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** Pieces are valid until the next one is asked for. */
export type Pieces = AsyncGenerator<Uint8Array, Ending>;

/** @param read Hears how many bytes of the file have been taken. */
export async function* unpacked({ name, bytes }: Dropped, read: (bytes: number) => void = () => {}): Pieces {
  try {
    const head = await at(bytes, 0, ZSTD.length);
    if (isGzip(head)) return yield* gzip(bytes, read);
    if (ZSTD.every((byte, i) => head[i] === byte)) return yield* zstd(bytes, read);
    return yield* plain(bytes, read);
  } catch (error) {
    if (error instanceof Refused) throw new Refused(`${name}: ${error.message}`);
    throw new Refused(
      `${name} cannot be read (${error instanceof Error ? error.message : 'unknown error'}). Give it again.`,
    );
  }
}

export async function isPacked({ bytes }: Dropped): Promise<boolean> {
  const head = await at(bytes, 0, ZSTD.length);
  return isGzip(head) || ZSTD.every((byte, i) => head[i] === byte);
}

/** Fewer at the end of the file. */
export async function at(bytes: Slices, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await bytes.slice(from, Math.min(to, bytes.size)).arrayBuffer());
}

async function* plain(bytes: Slices, read: (bytes: number) => void): Pieces {
  for (let from = 0; from < bytes.size; from += PIECE_BYTES) {
    const piece = await at(bytes, from, from + PIECE_BYTES);
    read(piece.length);
    yield piece;
  }
  return { kind: 'whole' };
}

async function* gzip(bytes: Slices, read: (bytes: number) => void): Pieces {
  for (let from = 0; from < bytes.size; ) {
    const header = await at(bytes, from, from + HEADER_MAX_BYTES);
    if (from > 0 && !isGzip(header)) return { kind: 'trailing', bytes: bytes.size - from };
    const length = headerLength(header, crc32);
    if (length === 'cut_short') return { kind: 'cut_short' };
    if (length === null) return { kind: 'spoiled', why: 'a gzip header that is none' };
    const end = yield* member(bytes, from + length, read);
    if (typeof end !== 'number') return end;
    from = end;
  }
  return { kind: 'whole' };
}

/** @returns the offset after the member */
async function* member(
  bytes: Slices,
  from: number,
  read: (bytes: number) => void,
): AsyncGenerator<Uint8Array, number | Ending> {
  const inflate = new Inflate();
  let sum = 0;
  let length = 0;
  let next = from;
  try {
    do {
      const packed = await at(bytes, next, next + PACKED_BYTES);
      next += packed.length;
      read(packed.length);
      for (const piece of inflate.push(packed, next >= bytes.size)) {
        sum = crc32(piece, sum);
        length += piece.length;
        yield piece;
      }
    } while (inflate.leftOver === null);
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    return error.code === 'cut_short' ? { kind: 'cut_short' } : { kind: 'spoiled', why: error.message };
  }
  const end = next - inflate.leftOver;
  read(end - next);
  return trailerProblem(await at(bytes, end, end + TRAILER_BYTES), sum, length) ?? end + TRAILER_BYTES;
}

async function* zstd(bytes: Slices, read: (bytes: number) => void): Pieces {
  const pieces: Uint8Array[] = [];
  const unpack = new Decompress(piece => void pieces.push(piece));
  for (let from = 0; from < bytes.size; ) {
    const packed = await at(bytes, from, from + PACKED_BYTES);
    read(packed.length);
    for (let begin = 0; begin < packed.length; begin += ZSTD_SLICE_BYTES) {
      let ending: Ending | null = null;
      const end = Math.min(begin + ZSTD_SLICE_BYTES, packed.length);
      try {
        // It keeps what it is given until a block is whole.
        unpack.push(packed.slice(begin, end), from + end >= bytes.size);
      } catch (error) {
        ending = zstdEnding(error);
      }
      for (const piece of pieces.splice(0)) if (piece.length > 0) yield piece;
      if (ending !== null) return ending;
    }
    from += packed.length;
  }
  return { kind: 'whole' };
}

function zstdEnding(error: unknown): Ending {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (code === WINDOW_TOO_LARGE || error instanceof RangeError)
    throw new Refused(
      'its Zstandard window is too large for this page. Unpack it with `zstd -d` and give what comes out.',
    );
  return code === STOPS ? { kind: 'cut_short' } : { kind: 'spoiled', why: String(message) };
}
