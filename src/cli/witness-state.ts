/** The file in which a witness remembers what it signed: read, judged and replaced under one lock. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fromUtf8, utf8 } from '../core/bytes.js';
import { memoryText, readMemory, type WitnessMemory } from '../core/evidence/witness.js';
import { Fault } from '../core/fault.js';
import { MIB } from '../core/limits.js';
import { replaceFile } from '../disk/durable.js';
import { errorCode } from '../disk/error-code.js';
import { takeLock } from '../disk/lock.js';
import { readWhole } from '../disk/read-whole.js';

const STATE_MAX_BYTES = 64 * MIB;

/**
 * @param act Gets what is remembered; returns its answer, and what to remember from now on, which is on disk before the
 *            answer comes back. Null: nothing changes.
 * @throws Fault `witness_state_busy`, `witness_state_invalid` or `witness_state_unwritable`
 */
export function withMemory<T>(
  path: string,
  act: (memory: WitnessMemory) => { readonly answer: T; readonly memory: WitnessMemory | null },
): T {
  const unwritable = (error: unknown): Fault =>
    new Fault('witness_state_unwritable', { path, error: errorCode(error) }, { cause: error });
  let locking: ReturnType<typeof takeLock>;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    locking = takeLock(`${path}.lock`, 'flock');
  } catch (error) {
    throw unwritable(error);
  }
  if (locking.is === 'taken') throw new Fault('witness_state_busy', { path });
  try {
    const { answer, memory } = act(read(path));
    if (memory !== null) {
      try {
        replaceFile(path, utf8(memoryText(memory)), 0o600);
      } catch (error) {
        throw unwritable(error);
      }
    }
    return answer;
  } finally {
    locking.lock.release();
  }
}

/** Only a file that was never there is an empty memory. */
function read(path: string): WitnessMemory {
  const file = readWhole(path, STATE_MAX_BYTES);
  if (!file.ok) {
    if (file.error === 'ENOENT') return {};
    throw new Fault('witness_state_invalid', { path, why: file.error });
  }
  const text = fromUtf8(file.bytes);
  const memory = text === null ? null : readMemory(text);
  if (memory === null) throw new Fault('witness_state_invalid', { path, why: 'another form' });
  return memory;
}
