// T-57 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { toBase64 } from '#src/core/bytes.js';
import { parseVkey, readWitnessed } from '#src/core/evidence/cosignature.js';
import { ed25519Verify } from '#src/crypto/ed25519.js';
import { sha256 } from '#src/crypto/sha256.js';
import { takeLock } from '#src/disk/lock.js';
import { AuditBuilder, testSigner } from '../support/audit-builder.js';
import { cli } from '../support/cli.js';
import { Home } from '../support/home.js';
import { fileOf } from '../support/verify-bytes.js';

const ORIGIN = 'host/crm-agent/0123456789abcdef';
const signer = testSigner('witnessed');
const KEY = toBase64(signer.publicKey);
const NAME = 'witness.example/w1';

/** A log of `calls` decisions and a checkpoint of them. */
const logOf = (rules: readonly string[]): AuditBuilder => {
  const log = new AuditBuilder(ORIGIN, signer).started();
  for (const rule of rules) log.decision(rule);
  return log.checkpoint();
};

class WitnessHome extends Home {
  constructor(t: TestContext) {
    super({ secret: `${toBase64(new Uint8Array(32).fill(3))}\n` });
    chmodSync(this.path('secret'), 0o600);
    t.after(() => this.remove());
  }
  run(stdin: string, ...more: readonly string[]) {
    const own = ['--name', NAME, '--secret', this.path('secret'), '--key', KEY];
    return cli(['witness', ...own, ...more], { stdin, env: { CHECKRD_CONFIG_DIR: this.dir } });
  }
  async prove(log: AuditBuilder, old: number, ...more: readonly string[]): Promise<string> {
    this.write('log.jsonl', fileOf(log.files.flat()));
    const run = await cli(['prove', '--old', String(old), '--key', KEY, ...more, this.path('log.jsonl')]);
    assert.equal(run.code, 0, run.err);
    return run.out;
  }
}

const noteOf = (log: AuditBuilder): string => (JSON.parse(log.files.flat().at(-1) ?? '') as { note: string }).note;

test('a log that grows is signed each time, from a note, a JSON proof or the text that other witnesses take', async t => {
  const home = new WitnessHome(t);
  const vkey = (await home.run('', '--vkey')).out.trim();
  const witness = parseVkey(sha256, vkey);
  assert.ok(witness?.name === NAME);
  const small = logOf(['a']);
  const first = await home.run(noteOf(small));
  assert.equal(first.code, 0, first.err);
  const seen = readWitnessed(sha256, ed25519Verify, first.out, [witness]);
  assert.ok(seen.ok && seen.head.size === 2 && Math.abs(seen.head.atSeconds - Date.now() / 1000) < 60);
  const larger = logOf(['a', 'b', 'c']);
  // Not a continuation of `small`, whose record 2 is a checkpoint; this one is:
  small.decision('b').checkpoint();
  const grown = await home.run(await home.prove(small, 2, '--format', 'witness'));
  assert.equal(grown.code, 0, grown.err);
  small.decision('c').checkpoint();
  const again = await home.run(await home.prove(small, 4), '--json');
  assert.equal((JSON.parse(again.out) as { size: number }).size, 6);
  assert.equal((await home.run(noteOf(small))).code, 0, 'the same again is no harm');
  // A history without what was signed.
  const forked = await home.run(await home.prove(larger.checkpoint().decision('x').checkpoint(), 6));
  assert.equal(forked.code, 1);
  assert.match(forked.err, /NOT CONSISTENT/);
});

test('two histories of one size: refused, and both notes are shown', async t => {
  const home = new WitnessHome(t);
  const [one, other] = [logOf(['a', 'b']), logOf(['a', 'c'])];
  assert.equal((await home.run(noteOf(one))).code, 0);
  const before = readFileSync(home.path('witness.json'), 'utf8');
  const fork = await home.run(noteOf(other));
  assert.deepEqual([fork.code, fork.out], [1, '']);
  assert.match(fork.err, /FORK/);
  for (const note of [noteOf(one), noteOf(other)]) assert.ok(fork.err.includes(note.trimEnd()), fork.err);
  const json = JSON.parse((await home.run(noteOf(other), '--json')).out) as Record<string, string>;
  assert.deepEqual([json.why, json.note, json.last_note], ['fork', noteOf(other), noteOf(one)]);
  assert.equal(readFileSync(home.path('witness.json'), 'utf8'), before);
});

test('a smaller log, a proof that is missing, from elsewhere or altered', async t => {
  const home = new WitnessHome(t);
  const log = logOf(['a']);
  const small = noteOf(log);
  log.decision('b').checkpoint();
  assert.equal((await home.run(noteOf(log))).code, 0);
  const back = await home.run(small);
  assert.equal(back.code, 1);
  assert.match(back.err, /smaller/);
  log.decision('c').checkpoint();
  const bare = await home.run(noteOf(log));
  assert.equal(bare.code, 2);
  assert.match(bare.err, /checkrd prove --old 4/);
  assert.equal((await home.run(await home.prove(log, 2))).code, 2);
  const right = await home.prove(log, 4);
  const wrong = right.replace(/("path": \[\s*")(.)/, (_, before, c) => before + (c === 'A' ? 'B' : 'A'));
  assert.notEqual(wrong, right);
  assert.equal((await home.run(wrong)).code, 1);
  assert.equal((await home.run(right)).code, 0);
});

test('another key, a broken signature, no key, no checkpoint', async t => {
  const home = new WitnessHome(t);
  const other = new AuditBuilder(ORIGIN, testSigner('other')).started().checkpoint();
  assert.equal((await home.run(noteOf(other))).code, 1);
  assert.equal((await home.run(noteOf(logOf(['a'])).replace('\n2\n', '\n3\n'))).code, 1);
  const unkeyed = ['witness', '--name', NAME, '--secret', home.path('secret')];
  const none = await cli(unkeyed, { stdin: noteOf(logOf(['a'])), env: { CHECKRD_CONFIG_DIR: home.dir } });
  assert.equal(none.code, 2);
  assert.equal((await home.run('hello')).code, 2);
  for (const name of ['a b', 'a+b', '']) {
    assert.equal((await cli(['witness', '--name', name, '--secret', home.path('secret')])).code, 64, name);
  }
});

test('a witness that forgot, or whose memory is being used, does not sign', async t => {
  const home = new WitnessHome(t);
  const note = noteOf(logOf(['a']));
  const state = home.path('witness.json');
  for (const text of ['', '{}', '{"format":"checkrd-witness-v1","logs":[{"origin":"x","checkpoint":"y"}]}']) {
    writeFileSync(state, text);
    const run = await home.run(note);
    assert.deepEqual([run.code, run.out], [2, ''], text);
    assert.match(run.err, /not what a witness wrote/);
  }
  const elsewhere = join(home.dir, 'fresh', 'state.json');
  assert.equal((await home.run(note, '--state', elsewhere)).code, 0);
  const locking = takeLock(`${elsewhere}.lock`, 'flock');
  assert.ok(locking.is === 'locked');
  const busy = await home.run(note, '--state', elsewhere);
  assert.deepEqual([busy.code, busy.out], [2, '']);
  assert.match(busy.err, /another witness is using/);
  locking.lock.release();
  assert.equal((await home.run(note, '--state', elsewhere)).code, 0);
  writeFileSync(home.path('taken'), 'x');
  assert.match((await home.run(note, '--state', home.path('taken', 'state.json'))).err, /cannot remember/);
});

test('a log whose key has changed: signed by the certificates of the proof, and remembered', async t => {
  const home = new WitnessHome(t);
  const log = logOf(['a']);
  assert.equal((await home.run(noteOf(log))).code, 0);
  const [second, third] = [testSigner('second epoch'), testSigner('third epoch')];
  log.rotate(second);
  log.decision('b').checkpoint();
  const proof = JSON.parse(await home.prove(log, 2)) as { keys: string[] };
  assert.deepEqual(proof.keys, log.epochs);
  const without = JSON.stringify({ ...proof, keys: [] });
  assert.equal((await home.run(without)).code, 1);
  const padded = [...log.epochs, '{}', String(log.files.flat()[1]), 'x'.repeat(10_000)];
  assert.equal((await home.run(JSON.stringify({ ...proof, keys: padded }))).code, 0);
  const state = JSON.parse(readFileSync(home.path('witness.json'), 'utf8')) as { logs: { keys: string[] }[] };
  assert.deepEqual(state.logs[0]?.keys, log.epochs, 'what leads to no key is not remembered');
  // The next time only what is new must come along.
  log.rotate(third);
  log.decision('c').checkpoint();
  const next = JSON.parse(await home.prove(log, 5)) as { keys: string[] };
  assert.deepEqual(next.keys, log.epochs);
  assert.equal((await home.run(JSON.stringify({ ...next, keys: log.epochs.slice(1) }))).code, 0);
});

test('as a QR code on the terminal and in a file that is not written over', async t => {
  const home = new WitnessHome(t);
  const log = logOf(['a']);
  const svg = home.path('note.svg');
  const run = await home.run(noteOf(log), '--qr', '--svg', svg);
  assert.equal(run.code, 0, run.err);
  assert.match(run.out, /^█+\n/);
  assert.match(readFileSync(svg, 'utf8'), /^<svg /);
  assert.equal((await home.run(noteOf(log), '--svg', svg)).code, 2);
  home.write('log.jsonl', fileOf(log.files.flat()));
  const qr = await cli(['prove', '--old', '1', '--format', 'witness', '--qr', '--key', KEY, home.path('log.jsonl')]);
  assert.match(qr.out, /^█+\n/);
});

test('a witnessed note is evidence of the end for `verify`: a shortened log, another witness, another log', async t => {
  const home = new WitnessHome(t);
  const log = logOf(['a', 'b']);
  const lines = log.files.flat();
  home.write('note', (await home.run(noteOf(log))).out);
  const vkey = (await home.run('', '--vkey')).out.trim();
  home.write('vkeys', `${vkey}\n`);
  home.write('log.jsonl', fileOf(lines));
  home.write('short.jsonl', fileOf(lines.slice(0, 2)));
  const verify = (file: string, note = 'note', witness = vkey, ...more: readonly string[]) =>
    cli(['verify', '--key', KEY, '--expect', `@${home.path(note)}`, '--witness', witness, ...more, home.path(file)]);
  const whole = await verify('log.jsonl');
  assert.equal(whole.code, 0, whole.out + whole.err);
  assert.match(whole.out, /end +attested up to 3/);
  const at = '2\\d{3}-[\\d-]+T[\\d:]+\\.000Z';
  assert.match(whole.out, new RegExp(`^witness ${NAME} signed 3:[0-9a-f]{64} at ${at}$`, 'm'));
  const json = JSON.parse((await verify('log.jsonl', 'note', vkey, '--json')).out) as { witness: object };
  const { time, root, ...said } = json.witness as { time: string; root: string };
  assert.deepEqual(said, { name: NAME, vkey, size: 3 });
  assert.match(`${time} ${root}`, new RegExp(`^${at} [0-9a-f]{64}$`));
  assert.equal((await verify('log.jsonl', 'note', home.path('vkeys'))).code, 0);
  const short = await verify('short.jsonl');
  assert.equal(short.code, 1);
  assert.match(short.out, /truncated: the log ends at 2 records and had 3/);

  home.write('unsigned', noteOf(log));
  assert.match((await verify('log.jsonl', 'unsigned')).err, /no witness given/);
  home.write('forged', readFileSync(home.path('note'), 'utf8').replace('\n3\n', '\n2\n'));
  const forged = await verify('log.jsonl', 'forged');
  assert.equal(forged.code, 2);
  assert.match(forged.err, /does not fit/);
  const other = new AuditBuilder('host/other/0123456789abcdef', signer).started().decision('a').checkpoint();
  home.write('other.jsonl', fileOf(other.files.flat()));
  assert.match((await verify('other.jsonl')).err, /another log/);
  assert.equal((await verify('log.jsonl', 'note', 'x+y+z')).code, 2);
  assert.equal((await cli(['verify', '--key', KEY, '--witness', vkey, home.path('log.jsonl')])).code, 64);
});
