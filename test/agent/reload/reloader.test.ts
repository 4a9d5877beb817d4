// T-15, T-51 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { fixedPolicySource } from '#src/agent/fixed-policy.js';
import type { BuildOutcome } from '#src/agent/policy-ports.js';
import type { Generation } from '#src/agent/types.js';
import { SYSTEM_TIMERS, type Timers } from '#src/disk/timers.js';
import { HandTimers } from '../../support/hand-timers.js';
import { build, openBench, sha } from '../../support/policy-source.js';
import { heard } from '../../support/reload/heard.js';
import { tempFolder } from '../../support/temp.js';
import { stays, until } from '../../support/wait.js';

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
suite('reload', { concurrency: 6 }, () => {
  test('a rename over the file goes live whole, kept before it is live, counters handed over in the same tick', async t => {
    const path = place(t, A);
    const stateDir = join(dirname(path), 'state');
    const handed: string[] = [];
    let inForce: () => Generation | null = () => null;
    const adopt = (old: Generation, next: Generation) => {
      assert.equal(inForce(), old);
      assert.equal(readFileSync(join(stateDir, 'policies', next.id), 'utf8'), B);
      handed.push(`${old.id} ${next.id}`);
    };
    const { source, rules, said } = openBench(t, { path, stateDir, adopt });
    inForce = () => source.current;
    renameOver(path, B);
    await until('live', () => rules() === 'b');
    assert.deepEqual(handed, [`${sha(A)} ${sha(B)}`]);
    assert.deepEqual(said().length, 2);
    assert.deepEqual(readdirSync(join(stateDir, 'policies')).sort(), [sha(A), sha(B)].sort());
  });

  test('counters that cannot be handed over keep the old policy', async t => {
    const path = place(t, A);
    const adopt = () => {
      throw new Error('no');
    };
    const { source, rules } = openBench(t, { path, adopt });
    renameOver(path, B);
    await until('degraded', () => source.health().state === 'degraded');
    assert.equal(rules(), 'a');
  });

  test('a file written in place with a pause half-way never goes live by half', async t => {
    const path = place(t, A);
    const timers = new HandTimers();
    const { source, rules } = openBench(t, { path, timers });
    writeFileSync(path, 'rule b\n');
    await heard(dirname(path));
    timers.pass(600);
    await stays('the old policy', () => rules() === 'a', 50);
    appendFileSync(path, 'rule c\n');
    await heard(dirname(path));
    timers.pass(600);
    await stays('the old policy', () => rules() === 'a', 50);
    appendFileSync(path, 'rule d\nend\n');
    await heard(dirname(path));
    timers.pass(1_100);
    await until('the whole new policy', () => rules() !== 'a');
    assert.equal(rules(), 'b,c,d');
    assert.equal(source.health().state, 'ok');
  });

  test('a file removed and slowly written anew never goes live by half', async t => {
    const path = place(t, A);
    const timers = new HandTimers();
    const { rules } = openBench(t, { path, timers });
    unlinkSync(path);
    await heard(dirname(path));
    timers.pass(100);
    writeFileSync(path, 'rule b\n');
    await heard(dirname(path));
    timers.pass(900);
    await stays('the old policy', () => rules() === 'a', 50);
    appendFileSync(path, 'rule c\nend\n');
    await heard(dirname(path));
    timers.pass(1_100);
    await until('the whole new policy', () => rules() === 'b,c');
  });

  test('a spoiled file leaves the old policy, recorded once with its place; mending it is live', async t => {
    const path = place(t, A);
    const { source, rules, records, said } = openBench(t, { path });
    renameOver(path, BAD);
    await until('degraded', () => source.health().state === 'degraded');
    assert.equal(rules(), 'a');
    assert.deepEqual(records.at(-1), {
      type: 'policy_rejected',
      policy_sha256: sha(BAD),
      path,
      error: 'unknown_key',
      line: 2,
      column: 1,
    });
    renameOver(path, BAD);
    await stays('one record', () => records.length === 2, 300);
    renameOver(path, B);
    await until('live', () => rules() === 'b');
    assert.equal(source.health().state, 'ok');
    assert.equal(said().length, 3);
  });

  test('deleted while running: the last good one stays, degraded, recorded once; the same bytes again are no news', async t => {
    const path = place(t, A);
    const { source, rules, said } = openBench(t, { path });
    unlinkSync(path);
    await until('degraded', () => source.health().state === 'degraded');
    await stays('the policy', () => rules() === 'a', 1500);
    assert.deepEqual(said(), ['loaded a', 'rejected policy_missing']);
    const before = source.current;
    writeFileSync(path, A);
    await until('ok', () => source.health().state === 'ok');
    assert.equal(source.current, before);
    assert.equal(said().length, 2);
  });

  test('a touch is no news', async t => {
    const path = place(t, A);
    let builds = 0;
    const counted = (...args: Parameters<typeof build>) => {
      builds++;
      return build(...args);
    };
    const { source, records } = openBench(t, { path, build: counted });
    const before = source.current;
    utimesSync(path, 5, 5);
    await stays('the generation', () => source.current === before && source.health().state === 'ok', 1800);
    assert.equal(builds, 1);
    assert.equal(records.length, 1);
  });

  test('the folder removed and made again', async t => {
    const path = join(tempFolder(t), 'etc', 'policy.yaml');
    mkdirSync(dirname(path));
    writeFileSync(path, A);
    const { source, rules } = openBench(t, { path });
    rmSync(dirname(path), { recursive: true, force: true, maxRetries: 10 });
    await until('degraded', () => source.health().state === 'degraded');
    mkdirSync(dirname(path));
    renameOver(path, B);
    await until('live', () => rules() === 'b');
    renameOver(path, A);
    await until('live', () => rules() === 'a');
  });

  test('a ConfigMap swap', async t => {
    const folder = tempFolder(t);
    for (const [name, text] of [
      ['..1', A],
      ['..2', B],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'policy.yaml'), text);
    }
    symlinkSync('..1', join(folder, '..data'));
    symlinkSync('..data/policy.yaml', join(folder, 'policy.yaml'));
    const { rules } = openBench(t, { path: join(folder, 'policy.yaml') });
    assert.equal(rules(), 'a');
    for (const [name, want] of [
      ['..2', 'b'],
      ['..1', 'a'],
    ] as const) {
      symlinkSync(name, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
      await until(`${want} live`, () => rules() === want);
    }
  });

  test('a directory in its place for a while, and a mode that lets others write', async t => {
    const path = place(t, A);
    const { source, rules, said } = openBench(t, { path });
    unlinkSync(path);
    mkdirSync(path);
    await until('refused', () => said().includes('rejected policy_not_regular'));
    rmSync(path, { recursive: true, force: true, maxRetries: 10 });
    writeFileSync(path, B);
    chmodSync(path, 0o666);
    await until('refused', () => said().includes('rejected policy_writable_by_others'));
    assert.match(source.health().issue?.message ?? '', /0666.*chmod go-w/);
    assert.equal(rules(), 'a');
    chmodSync(path, 0o644);
    await until('live', () => rules() === 'b');
  });

  test('a file that never stands still is reported, and goes live when it does', async t => {
    const path = place(t, A);
    const { source, rules, said } = openBench(t, { path });
    let turn = 0;
    const touching = setInterval(() => writeFileSync(path, `rule x${turn++}\nend\n`), 100);
    t.after(() => clearInterval(touching));
    await until('reported', () => said().includes('rejected never_settles'));
    assert.equal(source.health().state, 'degraded');
    assert.equal(rules(), 'a');
    clearInterval(touching);
    writeFileSync(path, B);
    await until('live', () => rules() === 'b');
    assert.equal(source.health().state, 'ok');
  });

  test('a change while a slow build runs: what it built never goes live', async t => {
    const path = place(t, A);
    const release: (() => void)[] = [];
    const seen: string[] = [];
    const slow = async (...args: Parameters<typeof build>): Promise<BuildOutcome> => {
      seen.push(new TextDecoder().decode(args[0]));
      if (seen.length === 2) await new Promise<void>(done => release.push(done));
      return build(...args);
    };
    const lived = new Set<string | null>();
    // By a moved clock, since a build that goes on for two seconds may go live although the next file has come.
    const timers = new HandTimers();
    const { rules } = openBench(t, { path, build: slow, report: () => {}, timers });
    renameOver(path, B);
    await heard(dirname(path));
    timers.pass(20);
    await until('building', () => release.length === 1);
    renameOver(path, 'rule c\nend\n');
    await heard(dirname(path));
    release[0]?.();
    await until('live', () => {
      lived.add(rules());
      timers.pass(20);
      return rules() === 'c';
    });
    assert.deepEqual([...lived], ['a', 'c']);
  });

  test('a build that throws is a rejection', async t => {
    const path = place(t, A);
    const { source } = openBench(t, {
      path,
      build() {
        throw new Error('engine');
      },
    });
    assert.equal(source.health().issue?.code, 'policy_build_failed');
  });

  test('a build that hangs is given up, and the next file is read', async t => {
    const path = place(t, A);
    const after: Timers['after'] = (ms, act) => SYSTEM_TIMERS.after(ms === 60_000 ? 50 : ms, act);
    const hangs = (...args: Parameters<typeof build>) =>
      args[2] === sha(B) ? new Promise<BuildOutcome>(() => {}) : build(...args);
    const { source, rules } = openBench(t, { path, build: hangs, timers: { ...SYSTEM_TIMERS, after } });
    renameOver(path, B);
    await until('given up', () => source.health().issue?.code === 'policy_build_failed');
    assert.equal(rules(), 'a');
    renameOver(path, 'rule c\nend\n');
    await until('live', () => rules() === 'c');
  });

  test('a policy that cannot be kept for the auditor does not go live in strict, and does in permissive', async t => {
    const path = place(t, A);
    const stateDir = join(dirname(path), 'state');
    writeFileSync(stateDir, 'in the way');
    const strict = openBench(t, { path, stateDir });
    assert.equal(strict.source.current, null);
    assert.equal(strict.source.health().issue?.code, 'policy_not_archived');
    const permissive = openBench(t, { path, stateDir, securityMode: 'permissive' });
    assert.equal(permissive.rules(), 'a');
  });

  test('a record that cannot be written is written later, in order', async t => {
    const path = place(t, A);
    let broken = true;
    const written: string[] = [];
    const report = (record: { type: string }) => {
      if (broken) throw new Error('disk full');
      written.push(record.type);
    };
    const { source, rules } = openBench(t, { path, report });
    assert.equal(rules(), 'a');
    renameOver(path, BAD);
    await until('degraded', () => source.health().state === 'degraded');
    broken = false;
    await until('written', () => written.length === 2);
    assert.deepEqual(written, ['policy_loaded', 'policy_rejected']);
  });

  test('without watching, only asking looks', async t => {
    const path = place(t, A);
    const { source, rules } = openBench(t, { path, watch: false });
    renameOver(path, B);
    await stays('the old policy', () => rules() === 'a', 1300);
    source.lookAgain();
    await until('live', () => rules() === 'b');
  });

  test('flips by rename every 50 ms: always one of the two, and the last is in force in the end', async t => {
    const path = place(t, A);
    const { source, rules, records } = openBench(t, { path });
    for (let turn = 0; turn < 36; turn++) {
      const text = turn % 2 === 0 ? B : A;
      renameOver(path, text);
      await stays('one of the two', () => rules() === 'a' || rules() === 'b', 50);
      // Now and then they pause.
      if (turn % 9 === 8) await until('live', () => source.current?.id === sha(text));
    }
    renameOver(path, 'rule z\nend\n');
    await until('the last', () => rules() === 'z');
    assert.equal(source.health().state, 'ok');
    assert.ok(records.length > 4, `${records.length} went live`);
    assert.ok(records.every(record => record.type === 'policy_loaded'));
  });

  test('a policy that is an object is simply there', async () => {
    const outcome = build(new TextEncoder().encode(A), '(object)', sha(A));
    assert.ok(outcome.ok);
    const source = fixedPolicySource(outcome.generation);
    assert.equal(source.current, outcome.generation);
    assert.equal(source.health().state, 'ok');
    await source.close();
  });
});
