/**
 * The trust folder: whose signatures count, and how many are needed.
 *
 *   <name>.pub   one line, base64 of the raw 32 bytes
 *   threshold    one line, how many different keys must sign; without the file 1
 *   log/         keys of logs; not read here
 *   engine/      the same for engines; not read here
 *
 *   in   : the folder, who may write in it, how a key's line is read
 *   out  : the keys and the threshold, or a Fault that names the file
 *   never: fewer checks because something could not be read. An entry of any other name is refused (a `treshold` would
 *          otherwise ask for nothing), but for dotfiles and `*~`, which editors and ConfigMaps leave.
 *
 * No folder, or one without keys, is no failure here: then nobody's signature counts.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fromUtf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { THRESHOLD_MAX, type TrustedSigner } from '../core/trust/signers.js';
import { errorCode } from './error-code.js';
import { lookAt, readSettledSync } from './read-settled.js';
import { refuseForeignWriters, type WriterRules } from './who-may-write.js';

export interface Trust {
  /** In byte order of their file names; the same key under two names is one. */
  readonly signers: readonly TrustedSigner[];
  /** At least 1. */
  readonly threshold: number;
}

/** The key in a `.pub` file's text; null when it holds none that is usable. */
export type ReadSigner = (text: string) => TrustedSigner | null;

const FILE_MAX_BYTES = 4096;
const THRESHOLD = /^([1-9][0-9]?)\n?$/;

/**
 * @throws Fault `trust_unusable` naming what is wrong, or `policy_writable_by_others`.
 */
export function readTrustFolder(folder: string, rules: WriterRules, readSigner: ReadSigner): Trust {
  const before = lookAtTrustFolder(folder);
  const names = entriesOf(folder, rules);
  const signers = new Map<string, TrustedSigner>();
  let threshold = 1;
  for (const name of names) {
    const path = join(folder, name);
    if (name === 'threshold') threshold = thresholdIn(path, rules);
    else if (name.endsWith('.pub')) {
      const signer = readSigner(textOf(path, rules));
      if (signer === null) throw new Fault('trust_unusable', { path, why: 'it holds no usable Ed25519 public key' });
      signers.set(signer.publicKey.join(), signer);
    } else
      throw new Fault('trust_unusable', { path, why: 'only `*.pub`, `threshold`, `log/` and `engine/` belong there' });
  }
  // A key that is taken away, or put there, while we read belongs to one moment, not to two.
  if (lookAtTrustFolder(folder) !== before) {
    throw new Fault('trust_unusable', { path: folder, why: 'it changed while it was read' });
  }
  return { signers: [...signers.values()], threshold };
}

/** A text that is another whenever reading the folder may come to something else. Never throws. */
export function lookAtTrustFolder(folder: string): string {
  try {
    const names = readdirSync(folder).filter(isOurs).sort();
    return JSON.stringify([lookAt(folder), ...names.map(name => [name, lookAt(join(folder, name))])]);
  } catch (error) {
    return errorCode(error);
  }
}

/** Not the keys of logs and engines, nor what editors and ConfigMaps leave. */
function isOurs(name: string): boolean {
  return name !== 'log' && name !== 'engine' && !name.startsWith('.') && !name.endsWith('~');
}

function entriesOf(folder: string, rules: WriterRules): readonly string[] {
  try {
    const names = readdirSync(folder).filter(isOurs).sort();
    refuseForeignWriters(folder, statSync(folder, { bigint: true }), rules);
    return names;
  } catch (error) {
    if (error instanceof Fault) throw error;
    const code = errorCode(error);
    if (code === 'ENOENT') return [];
    throw new Fault('trust_unusable', { path: folder, why: code }, { cause: error });
  }
}

function thresholdIn(path: string, rules: WriterRules): number {
  const [, digits] = THRESHOLD.exec(textOf(path, rules)) ?? [];
  const threshold = Number(digits);
  if (digits !== undefined && threshold <= THRESHOLD_MAX) return threshold;
  throw new Fault('trust_unusable', { path, why: `it must hold one whole number from 1 to ${THRESHOLD_MAX}` });
}

function textOf(path: string, rules: WriterRules): string {
  try {
    const text = fromUtf8(readSettledSync(path, rules, FILE_MAX_BYTES).bytes);
    if (text !== null) return text;
  } catch (error) {
    if (error instanceof Fault && error.code === 'policy_writable_by_others') throw error;
    const why = error instanceof Fault ? `it cannot be read (${error.facts.error ?? error.code})` : 'it cannot be read';
    throw new Fault('trust_unusable', { path, why }, { cause: error });
  }
  throw new Fault('trust_unusable', { path, why: 'it is not UTF-8' });
}
