import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import type { Admission, BuildOutcome } from '#src/agent/policy-ports.js';
import { openBench, sha } from '../../support/policy-source.js';
import { tempFolder } from '../../support/temp.js';
import { until } from '../../support/wait.js';

const A = 'rule a\nend\n';
const B = 'rule b\nend\n';
const BAD = 'rule a\nrulse b\n';

function place(t: TestContext, text: string | null): string {
  const path = join(tempFolder(t), 'policy.yaml');
  if (text !== null) writeFileSync(path, text);
  return path;
}

function renameOver(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

// They wait more than they work.
suite('start', { concurrency: 6 }, () => {
  test('start: a good file is live and recorded', async t => {
    const path = place(t, A);
    const { source, records, rules } = openBench(t, { path });
    assert.equal(rules(), 'a');
    assert.deepEqual(source.health(), { state: 'ok', path, issue: null, pollOnly: false });
    assert.deepEqual(records, [{ type: 'policy_loaded', policy_sha256: sha(A), path, rules: 1 }]);
  });

  test('start: without a file there is no policy until it appears', async t => {
    const path = join(tempFolder(t), 'later', 'policy.yaml');
    const { source, rules, said } = openBench(t, { path });
    assert.equal(source.current, null);
    assert.equal(source.health().state, 'missing');
    mkdirSync(dirname(path));
    writeFileSync(path, A);
    await until('live', () => rules() === 'a');
    assert.equal(source.health().state, 'ok');
    assert.deepEqual(said(), ['rejected policy_missing', 'loaded a']);
  });

  test('start: a bad file without a last good one is as missing, with line and column', async t => {
    const path = place(t, BAD);
    const { source, records } = openBench(t, { path, stateDir: join(dirname(path), 'state') });
    assert.equal(source.current, null);
    assert.equal(source.health().state, 'missing');
    assert.deepEqual(records, [
      { type: 'policy_rejected', policy_sha256: sha(BAD), path, error: 'unknown_key', line: 2, column: 1 },
    ]);
  });

  test('start: a spoiled file after a restart leaves the last good one in force, degraded', async t => {
    const path = place(t, A);
    const stateDir = join(dirname(path), 'state');
    const before = openBench(t, { path, stateDir });
    await before.source.close();
    writeFileSync(path, BAD);
    const after = openBench(t, { path, stateDir });
    assert.equal(after.rules(), 'a');
    assert.equal(after.source.health().state, 'degraded');
    assert.deepEqual(after.said(), ['rejected unknown_key', 'loaded a']);
    renameOver(path, A);
    await until('ok again', () => after.source.health().state === 'ok');
    assert.equal(after.records.length, 2, 'the same bytes are no news');
  });

  test('start: a spoiled file that is replaced while it is read: the last good one all the same', async t => {
    const path = place(t, A);
    const stateDir = join(dirname(path), 'state');
    await openBench(t, { path, stateDir }).source.close();
    writeFileSync(path, BAD);
    let reads = 0;
    const admit = (): Admission => {
      if (++reads === 1) renameOver(path, `${BAD}end\n`);
      return { ok: true, facts: [] };
    };
    const { source, rules } = openBench(t, { path, stateDir, admit });
    assert.equal(source.current, null);
    await until('live', () => rules() === 'a');
    assert.equal(source.health().state, 'degraded');
  });

  test('a missing file at start does not call the last good one back', async t => {
    const path = place(t, A);
    const stateDir = join(dirname(path), 'state');
    await openBench(t, { path, stateDir }).source.close();
    unlinkSync(path);
    const { source } = openBench(t, { path, stateDir });
    assert.equal(source.current, null);
  });

  test('the last good one is checked again: an altered copy, or one that no longer builds, is none', async t => {
    const path = place(t, A);
    const stateDir = join(dirname(path), 'state');
    await openBench(t, { path, stateDir }).source.close();
    writeFileSync(path, BAD);
    const refuses = (): BuildOutcome => ({ ok: false, issues: [] });
    assert.equal(openBench(t, { path, stateDir, build: refuses }).source.current, null);
    const copy = join(stateDir, 'policies', sha(A));
    assert.equal(readFileSync(copy, 'utf8'), A);
    assert.equal(statSync(copy).mode & 0o777, 0o600);
    writeFileSync(copy, B);
    assert.equal(openBench(t, { path, stateDir }).source.current, null);
  });

  test('agents that share a state folder do not share their last good policy', async t => {
    const path = place(t, A);
    const stateDir = join(dirname(path), 'state');
    const other = join(dirname(path), 'other.yaml');
    writeFileSync(other, B);
    for (const each of [path, other]) await openBench(t, { path: each, stateDir }).source.close();
    writeFileSync(path, BAD);
    assert.equal(openBench(t, { path, stateDir }).rules(), 'a');
  });
});
