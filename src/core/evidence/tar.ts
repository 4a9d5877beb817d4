/**
 * One file of many, as every system opens it: POSIX ustar, plain files only.
 *
 *   in   : names and bytes
 *   out  : the same bytes for the same files, always: no time, no user, mode 0644, in the order given
 *   never: folders, links, long names, devices; reading refuses whatever writing would not have made
 *
 * Each file: a header of 512 bytes, its bytes, zeros up to the next 512; at the end 1,024 zeros.
 */
import { fromUtf8, utf8 } from '../bytes.js';

const BLOCK = 512;
const NAME_BYTES = 100;
const NAME = /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)*[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
/** 8 GiB − 1: eleven octal digits. */
const SIZE_DIGITS = 11;

export interface TarFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export function tar(files: readonly TarFile[]): Uint8Array {
  const total = files.reduce((sum, { bytes }) => sum + BLOCK + padded(bytes.length), 2 * BLOCK);
  const out = new Uint8Array(total);
  let at = 0;
  for (const { name, bytes } of files) {
    out.set(header(name, bytes.length), at);
    out.set(bytes, at + BLOCK);
    at += BLOCK + padded(bytes.length);
  }
  return out;
}

/** The inverse of {@link tar}; null for an archive that it would not have made. The bytes are views. */
export function untar(archive: Uint8Array): readonly TarFile[] | null {
  const files: TarFile[] = [];
  const names = new Set<string>();
  let at = 0;
  while (at + 2 * BLOCK < archive.length) {
    const name = textAt(archive, at, NAME_BYTES);
    const digits = textAt(archive, at + 124, SIZE_DIGITS + 1);
    const size = digits !== null && /^[0-7]{11}$/.test(digits) ? Number.parseInt(digits, 8) : null;
    if (name === null || size === null || !NAME.test(name) || names.has(name)) return null;
    const next = at + BLOCK + padded(size);
    if (next + 2 * BLOCK > archive.length) return null;
    const expected = header(name, size);
    for (let i = 0; i < BLOCK; i++) if (archive[at + i] !== expected[i]) return null;
    const bytes = archive.subarray(at + BLOCK, at + BLOCK + size);
    if (!isZero(archive, at + BLOCK + size, next)) return null;
    files.push({ name, bytes });
    names.add(name);
    at = next;
  }
  return at + 2 * BLOCK === archive.length && isZero(archive, at, archive.length) ? files : null;
}

const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;
const octal = (n: number, digits: number): string => n.toString(8).padStart(digits, '0');

function header(name: string, size: number): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (text: string, offset: number): void => block.set(utf8(text), offset);
  put(name, 0);
  put(octal(0o644, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(size, SIZE_DIGITS), 124);
  put(octal(0, 11), 136);
  put('0', 156);
  put('ustar\u000000', 257);
  // The sum is taken with spaces in its own place.
  put(' '.repeat(8), 148);
  put(
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
    148,
  );
  return block;
}

/** Text up to the first NUL; null when it is no UTF-8. */
function textAt(bytes: Uint8Array, from: number, length: number): string | null {
  const field = bytes.subarray(from, from + length);
  const end = field.indexOf(0);
  return fromUtf8(end < 0 ? field : field.subarray(0, end));
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}
