/** The kill switch that `kill` and `resume` mean. */
import { readSettings } from '../agent/read-settings.js';
import { type AgentId, agentId } from '../core/brand.js';
import { type Args, Misuse } from './args.js';
import type { CliIo } from './io.js';

export const SWITCH_FLAGS = ['agent', 'config'] as const;

/** @throws Misuse, or a Fault of the settings */
export function switchOf(given: Args, io: CliIo): { readonly path: string; readonly agent: AgentId | null } {
  const settings = readSettings('operator', io, given.text('config'));
  if (settings.killswitch === null) {
    throw new Misuse('the settings say that there is no kill switch', 'name one as `killswitch` in checkrd.yaml');
  }
  const text = given.text('agent');
  const agent = text === null ? null : agentId(text);
  if (text !== null && agent === null) {
    throw new Misuse(`'${text}' is no agent ID`, 'use 1 to 128 of A-Z a-z 0-9 . _ -');
  }
  return { path: settings.killswitch, agent };
}
