/** The kill switch that `kill` and `resume` mean. */
import { operatorSettingsFile, readSettings } from '../agent/read-settings.js';
import { type AgentId, agentId } from '../core/brand.js';
import { isAgentGlob } from '../core/config/kill-file.js';
import type { Settings } from '../core/config/settings.js';
import { LIST_MAX_STRINGS } from '../core/limits.js';
import { agentSwitch } from '../disk/switch-files.js';
import { type Args, Misuse } from './args.js';
import type { CliIo } from './io.js';

export interface WhichSwitch {
  readonly settings: Settings;
  /** The switch of all agents. */
  readonly path: string;
  /** The file that is meant: `path`, or the entry of one agent. */
  readonly source: string;
  readonly agent: AgentId | null;
  /** Patterns in the switch of all; null: it stops everybody, or `agent` is meant. */
  readonly globs: readonly string[] | null;
  /** Whom it stops, in words. */
  readonly whom: string;
}

/** @throws Misuse, or a Fault of the settings */
export function switchOf(given: Args, io: CliIo): WhichSwitch {
  const settings = readSettings('operator', io, operatorSettingsFile(given.text('config'), io));
  const path = settings.killswitch;
  if (path === null) {
    throw new Misuse('the settings say that there is no kill switch', 'name one as `killswitch` in checkrd.yaml');
  }
  const text = given.text('agent');
  if (text === null) return { settings, path, source: path, agent: null, globs: null, whom: 'every agent' };
  const agent = agentId(text);
  if (agent !== null) {
    return { settings, path, source: agentSwitch(path, agent), agent, globs: null, whom: `agent ${agent}` };
  }
  const globs = text.split(',');
  if (!/[*,]/.test(text) || globs.length > LIST_MAX_STRINGS || !globs.every(isAgentGlob)) {
    throw new Misuse(`'${text}' is no agent ID`, 'use 1 to 128 of A-Z a-z 0-9 . _ -; `*` is any run of them');
  }
  return { settings, path, source: path, agent: null, globs, whom: `agents ${globs.join(', ')}` };
}
