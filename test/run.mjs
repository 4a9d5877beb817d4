// Runs the compiled tests of one tier: `node test/run.mjs [unit|sdk|system|prove] [name part]`.
// Node 20's --test takes no globs, so the files are named.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

// Who may write to a file decides much of what is tested: it must not hang on whose shell this is.
process.umask(0o022);

/** Whatever stands in no other tier's folder is a unit test. Minutes are for one process, not for the tier. */
const TIERS = {
  unit: { atOnce: 3, minutes: 10 },
  sdk: { atOnce: 1, minutes: 10 },
  system: { atOnce: 1, minutes: 30 },
  prove: { atOnce: 1, minutes: 60 },
};

/** Unit tests that take longest, longest first: begun last, one of them would run when all else is done. */
const SLOWEST = [
  'integration/log-exits',
  'engine/program',
  'cli/verify-parallel',
  'integration/engine-swap',
  'integration/reload-under-load',
  'integration/kill',
  'integration/handover',
  'integration/register',
  'cli/verify-packed',
  'core/verify/sealed',
  'integration/kill-latch',
  'docs/readme',
  'integration/crash',
  'core/policy/regex-oracle',
  'engine/build',
  'core/verify/attacks',
  'docs/policy',
  'docs/library',
  'agent/replay',
  'cli/report',
  'page/verify',
  'transports/fetch/outcomes',
  'integration/daemon',
  'agent/reload/reloader',
  'transports/fetch/like-plain',
  'transports/fetch/quiet',
];
/** Rooms that keep nothing in the process: their tests share one, since starting it costs more than most of them. */
const SHARED = ['core', 'crypto', 'engine', 'language', 'wasm'];
const A_PROCESS = 8;

/** For unit tests: less work in collections of garbage, for more memory. */
const FLAGS = ['--single-threaded-gc', '--min-semi-space-size=16'];

const [tier = 'unit', only = ''] = process.argv.slice(2);
if (!Object.hasOwn(TIERS, tier)) fail(`there is no tier '${tier}'; there are ${Object.keys(TIERS).join(', ')}`);

const root = join('build', 'test');
/** Of this run alone: another may go on beside it. */
const lists = join('build', 'lists', String(process.pid));
const tierOf = file => {
  const [folder] = file.split(sep);
  return Object.hasOwn(TIERS, folder) ? folder : 'unit';
};
const compiled = existsSync(root) ? readdirSync(root, { recursive: true, encoding: 'utf8' }) : [];
const files = compiled
  .filter(file => file.endsWith('.test.js') && file.includes(only) && tierOf(file) === tier)
  // What was compiled before its source was moved away is no test any more.
  .filter(file => existsSync(join('test', file.replace(/\.js$/, '.ts'))))
  .sort();
if (files.length === 0)
  fail(`no compiled tests for tier '${tier}'${only && ` with '${only}'`}; run npm run build first`);

const { atOnce, minutes } = TIERS[tier];
const run = spawnSync(
  process.execPath,
  [
    ...(tier === 'unit' ? FLAGS : []),
    ...['--test', `--test-concurrency=${atOnce}`, `--test-timeout=${minutes * 60_000}`, '--test-reporter=spec'],
    ...(tier === 'unit' ? inProcesses(files) : files.map(file => join(root, file))),
  ],
  { stdio: 'inherit' },
);
process.exit(run.status ?? 1);

/**
 * What `node --test` gets, a process for each: lists of files that share one, and files. It begins them in the order of their
 * names, so the slowest are lists of one.
 */
function inProcesses(names) {
  const rank = name => SLOWEST.indexOf(name.replace(/\.test\.js$/, '').replaceAll(sep, '/'));
  const slow = names.filter(name => rank(name) >= 0).sort((a, b) => rank(a) - rank(b));
  const rest = names.filter(name => rank(name) < 0);
  const shared = rest.filter(name => SHARED.includes(name.split(sep)[0]));
  const together = Array.from({ length: Math.ceil(shared.length / A_PROCESS) }, (_, n) =>
    shared.slice(n * A_PROCESS, (n + 1) * A_PROCESS),
  );
  mkdirSync(lists, { recursive: true });
  process.once('exit', () => rmSync(lists, { recursive: true, force: true }));
  const begun = [...slow.map(name => [name]), ...together].map(listOf);
  return [...begun, ...rest.filter(name => !shared.includes(name)).map(name => join(root, name))];
}

function listOf(names, n) {
  const list = join(lists, `${String(n).padStart(3, '0')}.test.mjs`);
  const from = name => relative(lists, join(root, name)).replaceAll(sep, '/');
  writeFileSync(list, names.map(name => `import '${from(name)}';\n`).join(''));
  return list;
}

function fail(why) {
  console.error(why);
  process.exit(1);
}
