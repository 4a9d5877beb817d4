import { basename, dirname, join } from 'node:path';
import { attempt } from '../agent/attempt.js';
import { type Inspected, policyInspector } from '../agent/inspect-policy.js';
import { asLoadError } from '../agent/offline.js';
import { failures } from '../agent/policy-tests.js';
import { packageVersion } from '../agent/version.js';
import { Fault } from '../core/fault.js';
import type { Lint } from '../core/policy/lints.js';
import { Misuse } from './args.js';
import { painter } from './colour.js';
import { ANY, DIR, FILE } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { isStdin, policyPath, readPolicyWord, shownName, stdinOnce } from './policy-input.js';
import { printIssue } from './print-issue.js';
import { type Finding, sarif } from './sarif.js';
import { withLayers } from './with-layers.js';

export const check: Command = {
  name: 'check',
  summary: 'say whether policy files would load, and what is wrong with them',
  synopsis: ['[--layers] [--strict] [--require-signature [--trust DIR]] [--against OLD] [--json | --sarif] FILE...'],
  about: `
Reads each policy as the agent would, runs its own tests, and names every mistake as FILE:LINE:COLUMN, then what is most
likely not meant. FILE - is YAML from standard input.`,
  operands: { min: 1, max: ANY, what: 'at least one FILE', takes: FILE },
  flags: {
    layers: { means: 'reads what stands in `policy.d` beside each FILE as well, its names too' },
    strict: { means: 'a warning counts as a mistake' },
    'require-signature': { means: 'FILE.dsse must hold the signatures that the trust folder asks for' },
    trust: { takes: DIR, means: 'the trust folder; default: that of the settings' },
    against: {
      takes: { called: 'OLD', is: 'file' },
      means:
        'says what FILE changes of the policy OLD, and which way: what cannot be shown not to let more pass counts as if',
    },
    sarif: { means: 'writes SARIF 2.1.0' },
  },
  exit: { ok: 'all would load', no: 'one would not, with --strict has a warning, or with --against may let more pass' },
  async run(given, io) {
    if (given.on('json') && given.on('sarif')) throw new Misuse('--json and --sarif exclude each other', 'keep one');
    stdinOnce(given.words);
    // Loaded where they are asked for: half of what this command could need, and most checks need neither.
    const signed =
      given.on('require-signature') || given.text('trust') !== null
        ? (await import('./check-signature.js')).signatureCheck(given, io)
        : null;
    const against =
      given.text('against') === null ? null : (await import('./check-against.js')).compareAgainst(given, io);
    const inspector = policyInspector();
    const report: object[] = [];
    const all: Finding[] = [];
    const files = given.words.flatMap(file => (given.on('layers') && !isStdin(file) ? layersOf(file, io) : [file]));
    for (const file of files) {
      const got: Inspected =
        typeof file !== 'string'
          ? { ok: false, errors: [asLoadError(file.fault)] }
          : inspector.inspectRead(await readPolicyWord(file, io), policyPath(file, io.cwd));
      const name = typeof file === 'string' ? file : file.name;
      const named = shownName(name);
      const unsigned = (typeof file === 'string' ? signed?.(file) : null) ?? [];
      const findings = [
        ...findingsOf(named, got, given.on('strict')),
        ...unsigned.map(issue => ({ file: named, level: 'error', issue }) as const),
      ];
      all.push(...findings);
      report.push(described(name, got, findings));
      if (!given.on('json') && !given.on('sarif')) print(io, named, got, findings);
    }
    if (!given.on('json') && !given.on('sarif')) against?.print();
    const sound = !all.some(finding => finding.level === 'error') && against?.ok !== false;
    if (given.on('json')) {
      io.out(JSON.stringify({ ok: sound, files: report, ...(against === null ? {} : { against: against.report }) }));
    }
    if (given.on('sarif')) io.out(JSON.stringify(sarif(all, packageVersion()), null, 2));
    return sound ? EXIT.ok : EXIT.no;
  },
};

/** A folder that does not load is a finding about it. */
function layersOf(file: string, io: CliIo): readonly (string | { readonly name: string; readonly fault: Fault })[] {
  const files = attempt(() => withLayers(file, io.cwd));
  if (files.ok) return files.value;
  if (files.error instanceof Fault) return [file, { name: join(dirname(file), 'policy.d'), fault: files.error }];
  throw files.error;
}

function findingsOf(file: string, got: Inspected, strict: boolean): readonly Finding[] {
  if (!got.ok) return got.errors.map(issue => ({ file, level: 'error', issue }));
  return [
    ...failures(got.tests).map(issue => ({ file, level: 'error', issue }) as const),
    ...lintsOf(file, got.lints).map(issue => ({ file, level: strict ? 'error' : 'warning', issue }) as const),
  ];
}

/** A layer takes away from what the others allow, so allowing the rest is what it is for. */
function lintsOf(file: string, lints: readonly Lint[]): readonly Lint[] {
  return basename(dirname(file)) === 'policy.d' ? lints.filter(({ code }) => code !== 'default_allow') : lints;
}

function described(file: string, got: Inspected, findings: readonly Finding[]): object {
  const of = (level: Finding['level']) => findings.filter(one => one.level === level).map(one => one.issue);
  const [errors, warnings] = [of('error'), of('warning')];
  const facts = got.ok ? { rules: got.rules, mode: got.mode, tests: got.tests.length } : {};
  return { file, ok: errors.length === 0, ...facts, errors, warnings };
}

function print(io: CliIo, file: string, got: Inspected, findings: readonly Finding[]): void {
  for (const finding of findings) printIssue(io, finding.file, finding.level, finding.issue);
  if (!got.ok || findings.some(one => one.level === 'error')) return;
  const tests = got.tests.length === 0 ? '' : `, ${counted(got.tests.length, 'test')} passed`;
  io.out(`${file}: ${painter(io)('green', 'ok')}, ${counted(got.rules, 'rule')}, mode ${got.mode}${tests}`);
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
