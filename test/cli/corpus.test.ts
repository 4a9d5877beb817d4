/** Promise: what was written by an earlier version is judged by every later one as it was then. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cli } from '../support/cli.js';
import { filesOf, said } from '../support/corpus.js';

const ROOT = 'test/corpus';
const folders = readdirSync(ROOT).flatMap(version =>
  readdirSync(join(ROOT, version)).map(name => join(ROOT, version, name)),
);

test('the corpus is there', () => {
  assert.ok(folders.length >= 17);
});

for (const folder of folders) {
  test(`${folder}: judged as it was`, async () => {
    assert.deepEqual(await said(folder), JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')));
  });
}

for (const folder of folders.filter(folder => existsSync(join(folder, 'evidence.tar')))) {
  test(`${folder}: its proofs, its witnessed note and its evidence hold`, async () => {
    const at = (name: string): string => join(process.cwd(), folder, name);
    const key = ['--key', at('key.pub')];
    const holds = async (...args: readonly string[]): Promise<void> => {
      const run = await cli(args);
      assert.equal(run.code, 0, run.out + run.err);
    };
    await holds('prove', '--check', at('inclusion.proof'), ...key);
    await holds('prove', '--check', at('consistency.proof'), ...key);
    const { record } = JSON.parse(readFileSync(at('inclusion.proof'), 'utf8')) as { record: string };
    const proof = ['prove', '--check', at('inclusion.tlog-proof'), ...key, '-'];
    assert.equal((await cli(proof, { stdin: record })).code, 0);
    await holds('export', '--check', at('evidence.tar'), ...key);
    const files = filesOf(folder);
    await holds('verify', ...key, '--expect', `@${at('witnessed.note')}`, '--witness', at('witness.vkey'), ...files);
  });
}
