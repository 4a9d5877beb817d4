import { policyInspector } from '../agent/inspect-policy.js';
import { came, expected, type TestOutcome } from '../agent/policy-tests.js';
import { painter } from './colour.js';
import { ANY, FILE } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { isStdin, policyPath, readPolicyWord, shownName, stdinOnce } from './policy-input.js';
import { printIssue } from './print-issue.js';
import { withLayers } from './with-layers.js';

export const test: Command = {
  name: 'test',
  summary: "run policies' own tests",
  synopsis: ['[--layers] [--json] FILE...'],
  about: `
Runs the tests that each policy carries under \`tests:\`, through the engine that decides, and says what each came to. They are
that document's own: no other has a part in them. FILE - is YAML from standard input.`,
  operands: { min: 1, max: ANY, what: 'at least one FILE', takes: FILE },
  flags: {
    layers: { means: 'runs those of the layers in `policy.d` beside each FILE as well' },
  },
  exit: { ok: 'all passed', no: 'one failed', unknown: 'a policy does not load' },
  async run(given, io) {
    const json = given.on('json');
    const inspector = policyInspector();
    const report: object[] = [];
    let code: number = EXIT.ok;
    stdinOnce(given.words);
    const layered = (one: string): boolean => given.on('layers') && !isStdin(one);
    for (const file of given.words.flatMap(one => (layered(one) ? withLayers(one, io.cwd) : [one]))) {
      const got = inspector.inspectRead(await readPolicyWord(file, io), policyPath(file, io.cwd));
      if (!got.ok) {
        code = EXIT.unknown;
        report.push({ file, ok: false, errors: got.errors });
        if (!json) for (const error of got.errors) printIssue(io, shownName(file), 'error', error);
        continue;
      }
      const failed = got.tests.filter(outcome => !outcome.passed).length;
      if (failed > 0 && code === EXIT.ok) code = EXIT.no;
      report.push({ file, ok: failed === 0, failed, tests: got.tests.map(described) });
      if (!json) print(io, shownName(file), got.tests, failed);
    }
    if (json) io.out(JSON.stringify({ ok: code === EXIT.ok, files: report }));
    return code;
  },
};

function described({ test: { name, at, expect }, passed, got }: TestOutcome): object {
  const { result, code, matchedRule, reason } = got;
  const place = at === null ? {} : { line: at.line, column: at.column };
  return { name, ...place, passed, expected: expect, got: { result, code, rule: matchedRule, reason } };
}

function print(io: CliIo, file: string, tests: readonly TestOutcome[], failed: number): void {
  const paint = painter(io);
  if (tests.length === 0) {
    io.out(`${file}: ${paint('yellow', 'no tests')}; write some under \`tests:\``);
    return;
  }
  for (const { test: one, passed, got } of tests) {
    if (passed) {
      io.out(`${file}: ${paint('green', 'ok')}   ${one.name}`);
      continue;
    }
    const place = one.at === null ? file : `${file}:${one.at.line}:${one.at.column}`;
    io.out(`${place}: ${paint('red', 'FAIL')} ${one.name}`);
    io.out(`  expected: ${expected(one.expect)}`);
    io.out(`  got:      ${came(got)}: ${got.reason}`);
  }
  const sum = `${tests.length - failed} of ${tests.length} tests passed`;
  io.out(`${file}: ${failed === 0 ? sum : paint('red', sum)}`);
}
