/** Promise: checkpoints, cosignatures and proofs are what public tools take. Judged by Go's own sumdb and by transparency-dev. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { noteKeyHash } from '#src/core/audit/note.js';
import { concat, toBase64, toHex } from '#src/core/bytes.js';
import { readPublicKey } from '#src/crypto/read-keys.js';
import { sha256 } from '#src/crypto/sha256.js';
import { cli } from '../support/cli.js';
import { LabLog } from '../support/histories.js';
import { Home } from '../support/home.js';

const FOLDER = 'test/system/signed-note';
const home = new Home({ secret: `${toBase64(new Uint8Array(32).fill(3))}\n` });
chmodSync(home.path('secret'), 0o600);
const lab = new LabLog();
process.on('exit', () => {
  home.remove();
  lab.remove();
});

const go = (...args: readonly string[]) => spawnSync('go', args, { cwd: FOLDER, encoding: 'utf8' });
const skip =
  go('version').error !== undefined
    ? 'no Go on this machine'
    : go('mod', 'download').status !== 0 && 'the Go modules cannot be had here';
const program = home.path('signed-note');
const judge = (...args: readonly string[]) => {
  const run = spawnSync(program, args, { encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
};

type Record = { readonly [name: string]: string | number };
/** A log as the real writer leaves it. */
function records(): readonly Record[] {
  return lab.lines.map(line => JSON.parse(line) as Record);
}

/** C2SP signed-note verifier key, type 0x01. */
function logVkey(origin: string): string {
  const key = readPublicKey(lab.key);
  return `${origin}+${toHex(noteKeyHash(sha256, origin, key))}+${toBase64(concat(Uint8Array.of(1), key))}`;
}

before(() => {
  if (skip !== false) return;
  lab.ended();
  lab.restart();
  const built = go('build', '-o', program, '.');
  assert.equal(built.status, 0, built.stderr);
});

test('each checkpoint of a real log is a signed note to golang.org/x/mod', { skip }, () => {
  const checkpoints = records().filter(({ type }) => type === 'checkpoint');
  assert.ok(checkpoints.length >= 2);
  for (const { note, log, size, root } of checkpoints) {
    home.write('note', String(note));
    const said = judge('note', home.path('note'), logVkey(String(log)));
    assert.equal(said.code, 0, said.err);
    assert.equal(said.out, `origin ${log}\nsize ${size}\nroot ${root}\nverified ${log}\n`);
    home.write('note', String(note).replace(`\n${size}\n`, `\n${Number(size) + 1}\n`));
    assert.equal(judge('note', home.path('note'), logVkey(String(log))).code, 1);
  }
});

test('a note that was witnessed has two good signatures', { skip }, async () => {
  const { note, log } = records().findLast(({ type }) => type === 'checkpoint') as Record;
  const own = ['witness', '--name', 'witness.example/w1', '--secret', home.path('secret')];
  const vkey = (await cli([...own, '--vkey'])).out.trim();
  const state = home.path('state.json');
  const signed = await cli([...own, '--key', lab.key, '--state', state], { stdin: String(note) });
  assert.equal(signed.code, 0, signed.err);
  home.write('cosigned', signed.out);
  const said = judge('note', home.path('cosigned'), logVkey(String(log)), vkey);
  assert.equal(said.code, 0, said.err);
  assert.match(said.out, /\nverified host\/.*\nverified witness\.example\/w1\n$/);
});

test('each inclusion proof and each consistency proof, to golang.org/x/mod', { skip }, async () => {
  const { size } = records().findLast(({ type }) => type === 'checkpoint') as Record;
  for (let seq = 0; seq < Number(size); seq++) {
    const made = await cli(['prove', '--seq', String(seq), '--format', 'tlog-proof', '--key', lab.key, ...lab.files()]);
    home.write('proof', made.out);
    home.write('record', lab.lines[seq] as string);
    const said = judge('inclusion', home.path('proof'), home.path('record'));
    assert.deepEqual([said.code, said.out], [0, 'included\n'], `${seq}: ${said.err}`);
    home.write('record', lab.lines[(seq + 1) % Number(size)] as string);
    assert.equal(judge('inclusion', home.path('proof'), home.path('record')).code, 1);
  }
  for (let old = 1; old <= Number(size); old++) {
    const made = await cli(['prove', '--old', String(old), '--key', lab.key, ...lab.files()]);
    const { old_root: root } = JSON.parse(made.out) as { old_root: string };
    const text = await cli(['prove', '--old', String(old), '--format', 'witness', '--key', lab.key, ...lab.files()]);
    home.write('request', text.out);
    const said = judge('consistency', home.path('request'), root);
    assert.deepEqual([said.code, said.out], [0, 'consistent\n'], `${old}: ${said.err}`);
  }
});

test('its modules are locked', () => {
  const locked = readFileSync(join(FOLDER, 'go.sum'), 'utf8');
  for (const [, name, version] of readFileSync(join(FOLDER, 'go.mod'), 'utf8').matchAll(/^\t(\S+) (v\S+)/gm)) {
    assert.ok(locked.includes(`${name} ${version} h1:`), name);
  }
});
