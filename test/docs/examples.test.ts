/**
 * The policies in examples/policies: each passes `checkrd check --strict`, `checkrd test` and `checkrd fmt --check`, and names the schema
 * beside it, which is what `checkrd schema` prints. `CHECKRD_WRITE_DOCS=1` writes the schema anew.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { cli } from '../support/cli.js';

const FOLDER = 'examples/policies';
const SCHEMA = 'policy.schema.json';
const policies = readdirSync(FOLDER)
  .filter(name => /\.ya?ml$/.test(name))
  .map(name => join(FOLDER, name));
const around = { cwd: process.cwd() };

test('there are policies, and no other file beside them but the schema', () => {
  assert.ok(policies.length >= 10);
  assert.deepEqual(readdirSync(FOLDER).sort(), [...policies.map(file => basename(file)), SCHEMA].sort());
});

for (const file of policies) {
  test(file, async () => {
    assert.ok(readFileSync(file, 'utf8').startsWith(`# yaml-language-server: $schema=${SCHEMA}\n`));
    for (const args of [
      ['check', '--strict', '--json'],
      ['test', '--json'],
      ['fmt', '--check'],
    ]) {
      const ran = await cli([...args, file], around);
      assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.out}${ran.err}`);
    }
  });
}

test('the schema beside them is the one of this version', async () => {
  const { out } = await cli(['schema'], around);
  if (process.env.CHECKRD_WRITE_DOCS === '1') writeFileSync(join(FOLDER, SCHEMA), out);
  assert.equal(readFileSync(join(FOLDER, SCHEMA), 'utf8'), out);
});
