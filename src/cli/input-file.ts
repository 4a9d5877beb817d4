/** A small text from a file, or from standard input as `-`. */
import { resolve } from 'node:path';
import { fromUtf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { MIB } from '../core/limits.js';
import { readWhole } from '../disk/read-whole.js';
import type { CliIo } from './io.js';
import { readInput } from './read-input.js';

const INPUT_MAX_BYTES = 16 * MIB;

/** @throws Fault `input_unreadable`, Misuse */
export async function readInputText(word: string, io: CliIo): Promise<string> {
  const bytes =
    word === '-' ? await readInput(io, INPUT_MAX_BYTES, 'the input') : readInputBytes(word, io, INPUT_MAX_BYTES);
  const text = fromUtf8(bytes);
  if (text === null) throw new Fault('input_unreadable', { path: word, why: 'it is not UTF-8' });
  return text;
}

/** @throws Fault `input_unreadable` */
export function readInputBytes(word: string, io: CliIo, maxBytes: number): Uint8Array {
  const path = resolve(io.cwd, word);
  const file = readWhole(path, maxBytes);
  if (!file.ok) throw new Fault('input_unreadable', { path, why: file.error });
  return file.bytes;
}
