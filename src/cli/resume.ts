import { releaseSwitch } from '../disk/switch-acts.js';
import { agentSwitch, isAbsent } from '../disk/switch-files.js';
import { readArgs } from './args.js';
import { type Command, EXIT } from './io.js';
import { SWITCH_FLAGS, switchOf } from './which-switch.js';

export const resume: Command = {
  name: 'resume',
  summary: 'let every agent, or one, go on',
  usage: `
usage: checkrd resume [--agent ID] [--config FILE] [--json]

Releases the kill switch. Each switch is a hold of its own: \`resume\` leaves those of single agents,
\`resume --agent ID\` leaves the one of all.

exit: 0 the switch is released, 1 it was not engaged, 2 it could not be released, 64 misuse`,
  async run(args, io) {
    const given = readArgs(args, { texts: SWITCH_FLAGS });
    const { path, agent } = switchOf(given, io);
    const source = agent === null ? path : agentSwitch(path, agent);
    const released = releaseSwitch(source);
    const other = agent !== null && !isAbsent(path);
    if (given.on('json'))
      io.out(JSON.stringify({ ok: released, released, source, still_engaged: other ? path : null }));
    else {
      io.out(`${source}: ${released ? 'released' : 'was not engaged'}`);
      if (other) io.err(`hint: ${path} still stops every agent`);
    }
    return released ? EXIT.ok : EXIT.no;
  },
};
