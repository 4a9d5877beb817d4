// Runs the compiled tests of one tier: `node test/run.mjs [unit|sdk|system|prove] [name part]`.
// Node 20's --test takes no globs, so the files are named.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';

const [tier = 'unit', only = ''] = process.argv.slice(2);
const root = join('build', 'test');
const other = new Set(['sdk', 'system', 'prove']);
const all = existsSync(root) ? readdirSync(root, { recursive: true, encoding: 'utf8' }) : [];
const files = all
  .filter(f => f.endsWith('.test.js') && f.includes(only))
  .filter(f => (tier === 'unit' ? !other.has(f.split(sep)[0]) : f.split(sep)[0] === tier))
  .sort()
  .map(f => join(root, f));
if (files.length === 0) {
  console.error(`no compiled tests for tier '${tier}'; run npm run build first`);
  process.exit(1);
}
const concurrency = tier === 'unit' ? 2 : 1;
const run = spawnSync(
  process.execPath,
  ['--test', `--test-concurrency=${concurrency}`, '--test-timeout=180000', '--test-reporter=spec', ...files],
  { stdio: 'inherit' },
);
process.exit(run.status ?? 1);
