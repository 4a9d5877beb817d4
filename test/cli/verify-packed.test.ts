// T-37 of THREAT-MODEL.md.
/** Promise: compressed files say what the plain ones say, known by their content; what is wrong with the packing is named. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { crc32, gzipSync } from 'node:zlib';
import { verify } from '#src/cli/verify.js';
import { toBase64 } from '#src/core/bytes.js';
import { readBytes } from '#src/disk/byte-source.js';
import { AuditBuilder, testSigner } from '../support/audit-builder.js';
import { runCommand } from '../support/cli-command.js';
import { HISTORIES, LabLog } from '../support/histories.js';
import { fileOf } from '../support/verify-bytes.js';

const folder = mkdtempSync(join(tmpdir(), 'checkrd-packed-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
const put = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};
const signer = testSigner('epoch 0');
const key = toBase64(signer.publicKey);
const log = new AuditBuilder('host/crm-agent/0123456789abcdef', signer).started().decision('a').checkpoint().turn();
for (let i = 0; i < 400; i++) log.decision(`rule ${i}`);
log.checkpoint().turn().decision('c').checkpoint();
const files = log.files.map(fileOf) as [Uint8Array, Uint8Array, Uint8Array];
const cut = (bytes: Uint8Array, at: number): [Uint8Array, Uint8Array] => [bytes.subarray(0, at), bytes.subarray(at)];

const zstdThere = spawnSync('zstd', ['--version']).error === undefined;
const zstd = (bytes: Uint8Array, ...args: string[]): Uint8Array =>
  spawnSync('zstd', ['-c', '-q', ...args], { input: bytes, maxBuffer: 1 << 28 }).stdout;

const run = (...paths: string[]) => runCommand(verify, ['--key', key, ...paths]);
const first = (out: readonly string[]): string => String(out[0]).replace(`${folder}/`, '');

/** Flags: header check sum, extra field, name, comment. */
function gzipNamed(bytes: Uint8Array): Uint8Array {
  const packed = gzipSync(bytes);
  const head = Buffer.concat([packed.subarray(0, 10), Buffer.from('\x02\0xyaudit\0a comment\0', 'latin1')]);
  head[3] = 2 + 4 + 8 + 16;
  const sum = Buffer.alloc(2);
  sum.writeUInt16LE(crc32(head) % 65536);
  return Buffer.concat([head, sum, packed.subarray(10)]);
}

const packers: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array, boolean])[] = [
  ['gzip', gzipSync, true],
  [
    'gzip in members that end within lines',
    bytes => Buffer.concat([...cut(bytes, 700), new Uint8Array(0)].map(part => gzipSync(part))),
    true,
  ],
  ['gzip with a name, as the program makes it', gzipNamed, true],
  ['zstd', bytes => zstd(bytes), zstdThere],
  [
    'zstd without a check sum, in frames',
    bytes => Buffer.concat(cut(bytes, 700).map(p => zstd(p, '--no-check'))),
    zstdThere,
  ],
  ['zstd -19', bytes => zstd(bytes, '-19'), zstdThere],
];
for (const [name, pack, there] of packers) {
  const skip = !there && 'no zstd program on this machine';
  test(`${name}: known by content under any name, in any order, mixed with plain ones`, { skip }, async () => {
    const paths = [put('c', pack(files[2])), put('a.txt', pack(files[0])), put('b.jsonl', files[1])];
    const { code, out } = await run(...paths);
    assert.equal(code, 0, out.join('\n'));
    assert.ok(out.includes(`head    ${log.size}:${log.root()}`));
    const spoiled = Buffer.from(files[1]);
    spoiled[spoiled.indexOf('rule 7"')] = 0x53;
    const found = await run(...paths.with(2, put('b.jsonl', pack(spoiled))));
    assert.equal(first(found.out).slice(0, 18), 'b.jsonl:9: edited:');
  });

  test(`${name}: cut off anywhere is never intact to its end`, { skip }, async () => {
    const whole = pack(files[1]);
    for (let at = 4; at < whole.length; at += Math.ceil(whole.length / 8)) {
      const left = put('cut', whole.subarray(0, at));
      const { code, out } = await run(put('a', files[0]), left);
      const member = name.includes('members') || name.includes('frames');
      if (member && code === 0) continue; // the cut fell between two of them: a shorter log, and no trace
      assert.equal(code, 2, `${at}: ${out.join('\n')}`);
      assert.match(first(out), /^cut:\d+: torn_tail: the compressed data stops before its end/);
    }
  });

  test(`${name}: no byte of it can be changed unnoticed`, { skip }, async () => {
    const whole = pack(files[0]);
    for (let at = 0; at < whole.length; at += 29) {
      const altered = Buffer.from(whole);
      altered[at] = (altered[at] as number) ^ 0x10;
      const { code, out } = await run(put('altered', altered)).catch(error => ({ code: 2, out: [String(error)] }));
      const same =
        code === 0 && out.includes(`intact  up to ${log.files[0]?.length} of ${log.files[0]?.length} records`);
      assert.ok(code !== 0 || same, `byte ${at}: ${out.join('\n')}`);
    }
  });
}

test('bytes after the end of the compressed data are named', async () => {
  const zeros = await run(put('zeros', Buffer.concat([gzipSync(files[0]), Buffer.alloc(50)])));
  assert.equal(zeros.code, 1);
  assert.match(first(zeros.out), /^zeros:\d+: foreign: 50 bytes after the end of the compressed data/);
  const text = await run(put('text', Buffer.concat([gzipSync(files[0]), Buffer.from('hello')])));
  assert.equal(text.code, 1);
  assert.match(first(text.out), /^text:\d+: foreign: 5 bytes after/);
});

test('bytes after the end of Zstandard data are named', { skip: !zstdThere && 'no zstd program' }, async () => {
  const { code, out } = await run(put('text', Buffer.concat([zstd(files[0]), Buffer.from('hello there')])));
  assert.equal(code, 1);
  assert.match(first(out), /^text:\d+: (foreign: 11 bytes after|edited: the compressed data is spoiled)/);
});

test('a bomb in one line is one bad line and little memory', async t => {
  const zeros = Buffer.alloc(1 << 28);
  const before = process.memoryUsage().arrayBuffers;
  for (const packed of [gzipSync(zeros), ...(zstdThere ? [zstd(zeros)] : [])]) {
    const path = put('bomb', packed);
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }, 5);
    t.after(() => clearInterval(watch));
    const { code, out } = await run(path, put('a', files[0]));
    clearInterval(watch);
    assert.equal(code, 1);
    assert.match(first(out), /bomb:1: edited: the compressed data is spoiled: a line without end/);
    assert.ok(most < 150e6, `${most} bytes`);
  }
  // Held until here: let go of before, it would make up for as much.
  assert.equal(zeros.length, 1 << 28);
});

test('a damaged end that the next file accounts for is accounted for when it is compressed', async t => {
  for (const name of ['NULs at the end', 'a damaged file that was changed after the writer went on']) {
    const lab = new LabLog();
    t.after(() => lab.remove());
    const history = HISTORIES.find(one => one.name === name);
    history?.run(lab);
    const aside = join(lab.folder, 'log', 'audit.0.jsonl');
    writeFileSync(aside, gzipSync(readFileSync(aside)));
    const { code, out } = await runCommand(verify, ['--key', lab.key, ...lab.files()]);
    assert.equal(code, history?.exit, out.join('\n'));
    if (code === 0) assert.match(out[0] as string, /note: 4096 bytes damaged before the writer went on/);
  }
});

test('the decoder of Node.js and the portable one agree', { skip: !zstdThere && 'no zstd program' }, async () => {
  const path = put('both', Buffer.concat([zstd(files[0]), zstd(files[1], '-19')]));
  for (const native of [true, false]) {
    const pieces: Buffer[] = [];
    const ending = await readBytes(path, piece => pieces.push(Buffer.from(piece)) > 0, native);
    assert.deepEqual(ending, { kind: 'whole' });
    assert.ok(Buffer.concat(pieces).equals(Buffer.concat([files[0], files[1]])));
  }
});
