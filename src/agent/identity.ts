/**
 * The identity that this process was given: systemd's credential `checkrd.agent-key`, else `CHECKRD_AGENT_KEY`. The variable
 * is deleted once read, so that no child process and no dump of the environment has it; what comes later in this process is
 * given the same one.
 */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../core/fault.js';
import { LocalIdentity } from '../crypto/identity.js';

const NAME = 'CHECKRD_AGENT_KEY';
const CREDENTIAL = 'checkrd.agent-key';
let held: LocalIdentity | null = null;

/**
 * @param env of the process itself: the variable is taken out of it
 * @throws Fault `key_file_invalid`; of a credential as {@link readKeyFile}
 */
export function identityFrom(env: Readonly<Record<string, string | undefined>>): LocalIdentity | null {
  const text = env[NAME] ?? '';
  delete (env as Record<string, string | undefined>)[NAME];
  const credential = ofCredential(env.CREDENTIALS_DIRECTORY ?? '');
  if (credential !== null) held = credential;
  else if (text !== '') {
    held = LocalIdentity.fromText(text);
    if (held === null) throw new Fault('key_file_invalid', { path: `$${NAME}` });
  }
  return held;
}

/** Null where none was handed over. One that is there and cannot be used must not be taken for none. */
function ofCredential(folder: string): LocalIdentity | null {
  if (folder === '') return null;
  const path = join(folder, CREDENTIAL);
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null;
  } catch {
    // Reading says why.
  }
  return LocalIdentity.fromFile(path, { isCredential: true });
}
