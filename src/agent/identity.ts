/**
 * The identity that `CHECKRD_AGENT_KEY` holds. The variable is deleted once read, so that no child process and no dump of
 * the environment has it; what comes later in this process is given the same one.
 */
import { Fault } from '../core/fault.js';
import { LocalIdentity } from '../crypto/identity.js';

const NAME = 'CHECKRD_AGENT_KEY';
let held: LocalIdentity | null = null;

/**
 * @param env of the process itself: the variable is taken out of it
 * @throws Fault `key_file_invalid`
 */
export function identityFrom(env: Readonly<Record<string, string | undefined>>): LocalIdentity | null {
  const text = env[NAME];
  if (text === undefined || text === '') return held;
  delete (env as Record<string, string | undefined>)[NAME];
  held = LocalIdentity.fromText(text);
  if (held === null) throw new Fault('key_file_invalid', { path: `$${NAME}` });
  return held;
}
