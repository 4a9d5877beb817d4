import { operatorSettingsFile, readSettings } from '../agent/read-settings.js';
import { judge } from '../core/status/judge.js';
import { CONFIG } from './flags.js';
import { type Command, EXIT } from './io.js';
import { gather } from './status/gather.js';
import { statusJson } from './status/json.js';
import { statusScreen } from './status/screen.js';

export const status: Command = {
  name: 'status',
  summary: 'say what is in force: policy, kill switch, log, daemon, guarded processes',
  synopsis: ['[--config FILE] [--json]'],
  about: `
Looks at the files, asks the daemon, if its socket is there, and lists the guarded processes of the state folder that live:
which ways out of each are decided, which let something through, and what no guard inside a process can hold. Says what this
user may not see. The exit code is as monitoring wants it.`,
  flags: {
    config: CONFIG,
  },
  exit: {
    ok: 'all is well',
    no: 'something to know (a kill switch is engaged, a rejected policy, not enforcing, a disk that the log fills within 7 days, a way out that was bypassed where strict coverage is asked for)',
    unknown:
      'something is wrong (no policy that loads, a daemon that agents need and that does not answer or is not ready, a process whose log fails)',
  },
  async run(given, io) {
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
