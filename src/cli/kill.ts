import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { KILLSWITCH_REASON_MAX_CHARS } from '../core/limits.js';
import { engageSwitch } from '../disk/switch-acts.js';
import { agentSwitch, openSwitchFolders } from '../disk/switch-files.js';
import { Misuse, readArgs } from './args.js';
import { type Command, EXIT } from './io.js';
import { SWITCH_FLAGS, switchOf } from './which-switch.js';

export const kill: Command = {
  name: 'kill',
  summary: 'stop every agent, or one, now',
  usage: `
usage: checkrd kill [--agent ID] [--reason TEXT] [--config FILE] [--json]

Engages the kill switch: from now on every call is denied and what is in flight is aborted.
--agent stops one agent only. The same as \`touch\` on the switch, with a reason.

exit: 0 the switch is engaged, 2 it could not be, 64 misuse`,
  async run(args, io) {
    const given = readArgs(args, { texts: [...SWITCH_FLAGS, 'reason'] });
    const { path, agent } = switchOf(given, io);
    const text = given.text('reason');
    if (text !== null && [...text].length > KILLSWITCH_REASON_MAX_CHARS) {
      throw new Misuse(`the reason is over ${KILLSWITCH_REASON_MAX_CHARS} characters`);
    }
    openSwitchFolders(path);
    const source = agent === null ? path : agentSwitch(path, agent);
    const reason = text ?? `by ${callerName()}`;
    const done = engageSwitch(source, { reason, agents: null, untilMs: null }, randomBytes(4).toString('hex'));
    const scope = agent ?? 'all';
    if (given.on('json')) io.out(JSON.stringify({ ok: true, engaged: true, was: done, source, scope }));
    else {
      const who = agent === null ? 'every agent' : `agent ${agent}`;
      io.out(`${source}: ${who} is stopped${done === 'kept' ? ' (it was before)' : ''}`);
    }
    return EXIT.ok;
  },
};

/** The name of whoever runs the command; a number where it has none. */
function callerName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
