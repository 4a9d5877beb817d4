/**
 * The engine's file and the envelope beside it: looked at, and read once, whole, as what stood there at one moment.
 *
 *   in   : a path, who may write there
 *   out  : bytes, envelope, and what they were when they were read
 *   never: says whether they may be run
 */
import { Fault } from '../core/fault.js';
import { ENGINE_FILE_MAX_BYTES, ENVELOPE_MAX_BYTES } from '../core/limits.js';
import { ENVELOPE_SUFFIX } from '../core/policy/layers.js';
import type { Seen } from '../core/reload/machine.js';
import type { Parts } from '../core/reload/stillness.js';
import { lookAt, readSettledSync } from './read-settled.js';
import type { WriterRules } from './who-may-write.js';

export interface EngineFiles {
  readonly bytes: Uint8Array;
  /** Of `<path>.dsse`; null: there is none. */
  readonly envelope: Uint8Array | null;
  /** As {@link lookAtEngine} would have said it. */
  readonly seen: Seen;
}

/** Never throws. `parts`: each file alone, for who wants to know whether it is still being written. */
export function lookAtEngine(path: string): { readonly seen: Seen; readonly parts: Parts } {
  const [engine, envelope] = [lookAt(path), lookAt(path + ENVELOPE_SUFFIX)];
  const parts = new Map(
    [['engine', engine] as const, ['envelope', envelope] as const].filter(([, part]) => part.is !== 'absent'),
  );
  if (engine.is !== 'file') return { seen: engine, parts };
  return { seen: { ...engine, content: `${engine.content}\n${JSON.stringify(envelope)}` }, parts };
}

/** @throws Fault `engine_unreadable`, `engine_writable_by_others`; `policy_changed_while_read`: look again. */
export function readEngineFiles(path: string, rules: WriterRules): EngineFiles {
  const before = lookAtEngine(path).seen;
  const { bytes } = read(path, rules, ENGINE_FILE_MAX_BYTES);
  const beside = path + ENVELOPE_SUFFIX;
  const envelope = lookAt(beside).is === 'absent' ? null : read(beside, rules, ENVELOPE_MAX_BYTES).bytes;
  const { seen } = lookAtEngine(path);
  if (JSON.stringify(seen) !== JSON.stringify(before)) throw new Fault('policy_changed_while_read', { path });
  return { bytes, envelope, seen };
}

function read(path: string, rules: WriterRules, limit: number): { readonly bytes: Uint8Array } {
  try {
    return readSettledSync(path, rules, limit);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    switch (error.code) {
      case 'policy_writable_by_others':
        throw new Fault('engine_writable_by_others', error.facts);
      case 'policy_missing':
        throw new Fault('engine_unreadable', { path, why: 'there is no such file' });
      case 'policy_not_regular':
        throw new Fault('engine_unreadable', { path, why: `it is ${error.facts.got}` });
      case 'policy_too_large':
        throw new Fault('engine_unreadable', { path, why: `it is larger than ${limit} bytes` });
      case 'policy_unreadable':
        throw new Fault('engine_unreadable', { path, why: String(error.facts.error) });
      default:
        throw error;
    }
  }
}
