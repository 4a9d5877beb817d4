// Runs the compiled tests of one tier: `node test/run.mjs [unit|sdk|system|prove] [name part]`.
// Node 20's --test takes no globs, so the files are named.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';

/** Whatever stands in no other tier's folder is a unit test. Minutes are for one file, not for the tier. */
const TIERS = {
  unit: { atOnce: 3, minutes: 3 },
  sdk: { atOnce: 1, minutes: 3 },
  system: { atOnce: 1, minutes: 10 },
  prove: { atOnce: 1, minutes: 60 },
};

const [tier = 'unit', only = ''] = process.argv.slice(2);
if (!Object.hasOwn(TIERS, tier)) fail(`there is no tier '${tier}'; there are ${Object.keys(TIERS).join(', ')}`);

const root = join('build', 'test');
const tierOf = file => {
  const [folder] = file.split(sep);
  return Object.hasOwn(TIERS, folder) ? folder : 'unit';
};
const compiled = existsSync(root) ? readdirSync(root, { recursive: true, encoding: 'utf8' }) : [];
const files = compiled
  .filter(file => file.endsWith('.test.js') && file.includes(only) && tierOf(file) === tier)
  // What was compiled before its source was moved away is no test any more.
  .filter(file => existsSync(join('test', file.replace(/\.js$/, '.ts'))))
  .sort()
  .map(file => join(root, file));
if (files.length === 0)
  fail(`no compiled tests for tier '${tier}'${only && ` with '${only}'`}; run npm run build first`);

const { atOnce, minutes } = TIERS[tier];
const run = spawnSync(
  process.execPath,
  ['--test', `--test-concurrency=${atOnce}`, `--test-timeout=${minutes * 60_000}`, '--test-reporter=spec', ...files],
  { stdio: 'inherit' },
);
process.exit(run.status ?? 1);

function fail(why) {
  console.error(why);
  process.exit(1);
}
