import { resolve } from 'node:path';
import { policyInspector } from '../agent/inspect-policy.js';
import { failures } from '../agent/policy-tests.js';
import { readArgs } from './args.js';
import { painter } from './colour.js';
import { type Command, EXIT } from './io.js';
import { printIssue } from './print-issue.js';

export const check: Command = {
  name: 'check',
  summary: 'say whether policy files would load, and what is wrong with them',
  usage: `
usage: checkrd check [--json] FILE...

Reads each policy as the agent would, runs its own tests, and names every mistake as FILE:LINE:COLUMN.

exit: 0 all would load, 1 one would not, 64 misuse`,
  async run(args, io) {
    const given = readArgs(args, { words: { min: 1, max: Number.MAX_SAFE_INTEGER, what: 'at least one FILE' } });
    const inspector = policyInspector();
    const paint = painter(io);
    let sound = true;
    const report: object[] = [];
    for (const file of given.words) {
      const got = inspector.inspectFile(resolve(io.cwd, file));
      const errors = got.ok ? failures(got.tests) : got.errors;
      if (got.ok && errors.length === 0) {
        const { rules, mode, tests } = got;
        report.push({ file, ok: true, rules, mode, tests: tests.length });
        if (!given.on('json')) io.out(`${file}: ${paint('green', 'ok')}, ${rules} rules, mode ${mode}`);
        continue;
      }
      sound = false;
      report.push({ file, ok: false, errors });
      if (!given.on('json')) for (const error of errors) printIssue(io, file, 'error', error);
    }
    if (given.on('json')) io.out(JSON.stringify({ ok: sound, files: report }));
    return sound ? EXIT.ok : EXIT.no;
  },
};
