import { operatorSettingsFile, readSettings } from '../agent/read-settings.js';
import { judge } from '../core/status/judge.js';
import { readArgs } from './args.js';
import { type Command, EXIT } from './io.js';
import { gather } from './status/gather.js';
import { statusJson } from './status/json.js';
import { statusScreen } from './status/screen.js';

export const status: Command = {
  name: 'status',
  summary: 'say what is in force: policy, kill switch, log, daemon, guarded processes',
  usage: `
usage: checkrd status [--config FILE] [--json]

Looks at the files, asks the daemon, if its socket is there, and lists the guarded processes of the state folder that live:
which ways out of each are decided, which let something through, and what no guard inside a process can hold. Says what this
user may not see. Settings: FILE, else $CHECKRD_CONFIG_DIR, else /etc/checkrd if it has any, else ~/.checkrd.

exit (as monitoring wants it): 0 all is well, 1 something to know (a kill switch is engaged, a rejected policy, not
enforcing, a way out that was bypassed where strict coverage is asked for), 2 something is wrong (no policy that loads, a
daemon that does not answer or is not ready, a process whose log fails), 64 misuse`,
  async run(args, io) {
    const given = readArgs(args, { texts: ['config'] });
    const file = operatorSettingsFile(given.text('config'), io);
    const settings = readSettings('operator', io, file);
    const nowMs = Date.now();
    const seen = await gather(settings, file !== null, nowMs);
    const judgement = judge(seen, nowMs);
    if (given.on('json')) io.out(statusJson(seen, judgement));
    else for (const line of statusScreen(seen, judgement, nowMs, io)) io.out(line);
    return judgement.wrong.length > 0 ? EXIT.unknown : judgement.notable.length > 0 ? EXIT.no : EXIT.ok;
  },
};
