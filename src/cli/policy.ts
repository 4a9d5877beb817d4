import { join, resolve } from 'node:path';
import { operatorSettingsFile, readSettings } from '../agent/read-settings.js';
import { RESET_REQUEST, requestText } from '../agent/version-store.js';
import { utf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { KILLSWITCH_REASON_MAX_CHARS } from '../core/limits.js';
import { isBaseName } from '../core/trust/policy-payload.js';
import { replaceFile } from '../disk/durable.js';
import { errorCode } from '../disk/error-code.js';
import { Misuse, readArgs } from './args.js';
import { type Command, EXIT } from './io.js';

export const policy: Command = {
  name: 'policy',
  summary: 'let an older policy go live: forget the version that was in force',
  usage: `
usage: checkrd policy reset-version [FILE-NAME] [--reason TEXT] [--config FILE] [--json]

Signed policies only rise in version. This asks checkrd to forget the version of the policy FILE-NAME (such as
policy.yaml), or of all, so that the next signed one goes live whatever its version. Run it as root, or as the user who
owns the state folder. A running process does it within a second or two, one that is stopped at its next start; either
records it as \`operator_action\`. Settings: FILE, else $CHECKRD_CONFIG_DIR, else /etc/checkrd if it has any, else ~/.checkrd.

exit: 0 asked, 2 the request could not be written, 64 misuse`,
  async run(args, io) {
    const given = readArgs(args, {
      texts: ['config', 'reason'],
      words: { min: 1, max: 2, what: 'reset-version and at most one FILE-NAME' },
    });
    const [act, name] = given.words;
    if (act !== 'reset-version')
      throw new Misuse(`'${act}' is nothing that can be done to a policy`, 'reset-version is');
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
  },
};
