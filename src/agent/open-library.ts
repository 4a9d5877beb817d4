/**
 * Opens the agent of a program that uses the library: options, environment and settings file become one agent.
 */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { Settings } from '../core/config/settings.js';
import { Fault } from '../core/fault.js';
import { CheckrdInitError } from './errors.js';
import { identityFrom } from './identity.js';
import { openAgent } from './open.js';
import type { OpenedAgent } from './opened.js';
import { readSettings } from './read-settings.js';
import { processUser, writableBy } from './separation.js';
import type { OpenRequest } from './types.js';

/** @throws CheckrdInitError with the code and the hint of what is wrong. */
export function openLibrary({ options, env, telemetrySink }: OpenRequest): OpenedAgent {
  try {
    const { policy, configDir, ...rest } = options;
    const policyObject = typeof policy === 'object' && policy !== null ? JSON.stringify(policy) : null;
    const given = policyObject === null && policy !== undefined ? { ...rest, policy } : rest;
    const cwd = process.cwd();
    // The folder is what the settings file is found by, so it speaks before the file does.
    const around = typeof configDir === 'string' ? { ...env, CHECKRD_CONFIG_DIR: resolve(cwd, configDir) } : env;
    const settings = readSettings('library', { env: around, home: homedir(), cwd }, null, given);
    const agent = openAgent(settings, {
      policyObject,
      disabled: isDisabled(env, settings.allowDisable),
      warn,
      identity: identityFrom(env),
      telemetrySink: telemetrySink ?? null,
    });
    if (policyObject === null) warnUnseparated(settings);
    return agent;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new CheckrdInitError(error.code, error.message, error.hint, { cause: error });
  }
}

let isUnseparatedSaid = false;

/** Once a process: in-process enforcement binds honest code, and files that the code may write bind less still. */
function warnUnseparated(settings: Settings): void {
  if (settings.requireSeparation === false || isUnseparatedSaid) return;
  const [first, ...more] = writableBy(settings, processUser());
  if (first === undefined) return;
  isUnseparatedSaid = true;
  const rest = more.length === 0 ? '' : ` and ${more.length} more`;
  warn(
    `the agent's own user could change what binds it: \`${first.path}\`${rest} (\`checkrd doctor\` lists them; ` +
      '`require_separation: false` in checkrd.yaml says that this is meant)',
  );
}

function isDisabled(env: OpenRequest['env'], allowed: boolean): boolean {
  if (env.CHECKRD_DISABLED !== '1') return false;
  if (!allowed) throw new Fault('disable_forbidden');
  return true;
}

function warn(text: string): void {
  process.emitWarning(text, 'CheckrdWarning');
}
