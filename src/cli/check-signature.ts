/** `check --require-signature`: whether trusted keys signed each file. */
import { resolve } from 'node:path';
import type { LoadError } from '../agent/decider.js';
import { inspectSignature } from '../agent/inspect-signature.js';
import { asLoadError } from '../agent/offline.js';
import { operatorSettingsFile, readSettings } from '../agent/read-settings.js';
import { Fault } from '../core/fault.js';
import { groupId } from '../disk/group-id.js';
import { type Args, Misuse } from './args.js';
import type { CliIo } from './io.js';

/** What is wrong with a file's signatures; null where they are not asked for. */
export function signatureCheck(given: Args, io: CliIo): ((file: string) => readonly LoadError[]) | null {
  const trust = given.text('trust');
  if (!given.on('require-signature')) {
    if (trust !== null) throw new Misuse('--trust goes with --require-signature', 'give both, or neither');
    return null;
  }
  const { trustDir, operatorsGroup } = readSettings('operator', io, operatorSettingsFile(null, io));
  const folder = trust === null ? trustDir : resolve(io.cwd, trust);
  const rules = { operatorsGid: operatorsGroup === null ? null : groupId(operatorsGroup) };
  return file => {
    if (file === '-') throw new Misuse('what comes from standard input has no signature', 'name a file');
    try {
      inspectSignature(resolve(io.cwd, file), folder, rules, Date.now());
      return [];
    } catch (error) {
      if (error instanceof Fault) return [asLoadError(error)];
      throw error;
    }
  };
}
