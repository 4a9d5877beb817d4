/** `policy reset-version`: the request to forget a version. */
import { join, resolve } from 'node:path';
import { operatorSettingsFile, readSettings } from '../agent/read-settings.js';
import { RESET_REQUEST, requestText } from '../agent/version-store.js';
import { utf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { KILLSWITCH_REASON_MAX_CHARS } from '../core/limits.js';
import { isBaseName } from '../core/trust/policy-payload.js';
import { replaceFile } from '../disk/durable.js';
import { errorCode } from '../disk/error-code.js';
import { type Args, Misuse } from './args.js';
import { type CliIo, EXIT } from './io.js';

/** @throws Fault `output_unwritable` */
export function resetVersion(given: Args, io: CliIo): number {
  const name = given.words[1];
  if (name !== undefined && !isBaseName(name)) throw new Misuse('FILE-NAME is a name without folders');
  const reason = given.text('reason');
  if (reason !== null && [...reason].length > KILLSWITCH_REASON_MAX_CHARS) {
    throw new Misuse(`the reason is over ${KILLSWITCH_REASON_MAX_CHARS} characters`);
  }
  const settings = readSettings('operator', io, operatorSettingsFile(given.text('config'), io));
  const path = resolve(join(settings.stateDir, RESET_REQUEST));
  try {
    // Readable for the user of the agent, whoever writes it; the folder is 0700.
    replaceFile(path, utf8(requestText({ file: name ?? null, reason })), 0o644);
  } catch (error) {
    throw new Fault('output_unwritable', { path, why: errorCode(error) }, { cause: error });
  }
  if (given.on('json')) io.out(JSON.stringify({ ok: true, request: path, file: name ?? null }));
  else io.out(`${path}: the version of ${name ?? 'every policy'} will be forgotten; the log will say so`);
  return EXIT.ok;
}
