import { resolve } from 'node:path';
import { policyLoader } from '../agent/offline.js';
import { readArgs } from './args.js';
import { painter } from './colour.js';
import { type Command, EXIT } from './io.js';

export const check: Command = {
  name: 'check',
  summary: 'say whether policy files would load, and what is wrong with them',
  usage: `
usage: checkrd check [--json] FILE...

Reads each policy as the agent would and names every mistake as FILE:LINE:COLUMN.

exit: 0 all would load, 1 one would not, 64 misuse`,
  async run(args, io) {
    const given = readArgs(args, { words: { min: 1, max: Number.MAX_SAFE_INTEGER, what: 'at least one FILE' } });
    const loader = policyLoader();
    const paint = painter(io);
    let sound = true;
    const report: object[] = [];
    for (const file of given.words) {
      const loaded = loader.loadFile(resolve(io.cwd, file));
      if (loaded.ok) {
        report.push({ file, ok: true, rules: loaded.rules, mode: loaded.mode });
        if (!given.on('json')) io.out(`${file}: ${paint('green', 'ok')}, ${loaded.rules} rules, mode ${loaded.mode}`);
        continue;
      }
      sound = false;
      report.push({ file, ok: false, errors: loaded.errors });
      if (given.on('json')) continue;
      for (const { code, message, line, column, suggestion } of loaded.errors) {
        const place = line === null ? file : `${file}:${line}:${column}`;
        io.out(
          `${place}: ${paint('red', 'error')}: ${message}${suggestion === null ? '' : `; ${suggestion}`} [${code}]`,
        );
      }
    }
    if (given.on('json')) io.out(JSON.stringify({ ok: sound, files: report }));
    return sound ? EXIT.ok : EXIT.no;
  },
};
