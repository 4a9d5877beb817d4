/** Promise: the page says of a log what `checkrd verify` says, plain or packed, and refuses what it cannot judge. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { verify } from '#src/cli/verify.js';
import { toBase64 } from '#src/core/bytes.js';
import type { Report } from '#src/core/verify/findings.js';
import { sha256 as ofNode } from '#src/crypto/sha256.js';
import { Refused, type Slices, unpacked } from '#src/page/dropped.js';
import { Sha256Pieces, sha256, sha256Digest, sha256Text } from '#src/page/hash.js';
import { expectedEndOf, keysOf } from '#src/page/inputs.js';
import { selfTest } from '#src/page/self-test.js';
import { sortDropped } from '#src/page/sort-dropped.js';
import { verifyDropped } from '#src/page/verify-dropped.js';
import { AuditBuilder, testSigner } from '../support/audit-builder.js';
import { runCommand } from '../support/cli-command.js';
import { filesOf } from '../support/corpus.js';
import { pageSays, withoutFolder } from '../support/page.js';
import { fileOf } from '../support/verify-bytes.js';

const folder = mkdtempSync(join(tmpdir(), 'checkrd-page-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

const signer = testSigner('epoch 0');
const key = toBase64(signer.publicKey);
const stranger = toBase64(testSigner('somebody').publicKey);
const log = new AuditBuilder('host/crm-agent/0123456789abcdef', signer).started().decision('a').checkpoint().turn();
for (let i = 0; i < 80; i++) log.decision(`rule ${i}`);
log.checkpoint().turn().decision('c').checkpoint();
const [one, two, three] = log.files.map(fileOf) as [Uint8Array, Uint8Array, Uint8Array];
const other = fileOf(new AuditBuilder('host/other/0123456789abcdef', signer).started().checkpoint().files[0] ?? []);

const joined = (...parts: readonly (Uint8Array | string)[]): Buffer =>
  Buffer.concat(parts.map(part => Buffer.from(part)));
const lines = log.files[1] ?? [];
const zstdThere = spawnSync('zstd', ['--version']).error === undefined;
const zstd = (bytes: Uint8Array, ...args: string[]): Uint8Array =>
  spawnSync('zstd', ['-c', '-q', ...args], { input: bytes, maxBuffer: 1 << 28 }).stdout;

interface Case {
  readonly name: string;
  readonly files: readonly Uint8Array[];
  readonly keys?: readonly string[];
  readonly expect?: string;
  readonly says: 'intact' | 'tampered' | 'cannot_say';
  readonly first?: string;
}

const packed = gzipSync(two);
const spoilt = Buffer.from(packed);
spoilt[600] = (spoilt[600] as number) ^ 0xff;
const checkSum = Buffer.from(packed);
checkSum[checkSum.length - 5] = (checkSum[checkSum.length - 5] as number) ^ 1;
const CASES: readonly Case[] = [
  { name: 'plain, in another order', files: [three, one, two], says: 'intact' },
  { name: 'no key', files: [one, two, three], keys: [], says: 'cannot_say' },
  { name: 'another key', files: [one, two, three], keys: [stranger], says: 'tampered', first: 'wrong_key' },
  { name: 'two keys', files: [one, two, three], keys: [stranger, key], says: 'intact' },
  { name: 'the end as expected', files: [one, two, three], expect: `${log.size}:${log.root()}`, says: 'intact' },
  { name: 'more than expected', files: [one, two, three], expect: `60:${log.root(60)}`, says: 'intact' },
  { name: 'cut', files: [one, two], expect: `${log.size}:${log.root()}`, says: 'tampered', first: 'truncated' },
  { name: 'another root', files: [one, two], expect: `60:${log.root()}`, says: 'tampered', first: 'expect_mismatch' },
  { name: 'the first file left out', files: [two, three], says: 'intact' },
  { name: 'the middle one left out', files: [one, three], says: 'tampered', first: 'missing' },
  {
    name: 'a line changed',
    files: [one, fileOf(lines.with(7, lines[7]?.replace('rule', 'role') ?? ''))],
    says: 'tampered',
    first: 'edited',
  },
  { name: 'a line gone', files: [one, fileOf(lines.toSpliced(7, 1))], says: 'tampered', first: 'missing' },
  {
    name: 'a line twice',
    files: [one, fileOf(lines.toSpliced(7, 0, lines[7] ?? ''))],
    says: 'tampered',
    first: 'duplicate_seq',
  },
  {
    name: 'two exchanged',
    files: [one, fileOf(lines.toSpliced(7, 2, lines[8] ?? '', lines[7] ?? ''))],
    says: 'tampered',
    first: 'reordered',
  },
  {
    name: 'a line of another log',
    files: [one, joined(two, other.subarray(0, other.indexOf(10) + 1)), three],
    says: 'tampered',
    first: 'foreign',
  },
  { name: 'half a line', files: [one, two, joined(three, '{"a')], says: 'cannot_say', first: 'torn_tail' },
  {
    name: 'a line longer than a block',
    files: [one, joined(two, 'x'.repeat(3_000_000), '\n'), three],
    says: 'tampered',
    first: 'foreign',
  },
  {
    name: 'an end without a newline longer than a block',
    files: [one, two, joined(three, 'x'.repeat(3_000_000))],
    says: 'cannot_say',
    first: 'torn_tail',
  },
  { name: 'an empty file beside', files: [one, new Uint8Array(0), two], says: 'intact' },
  { name: 'two logs', files: [one, other, two], says: 'intact' },
  { name: 'no record at all', files: [Buffer.from('hello\n')], says: 'cannot_say' },
  { name: 'gzip', files: [gzipSync(one), packed, three], says: 'intact' },
  {
    name: 'gzip in members that end within lines',
    files: [one, joined(gzipSync(two.subarray(0, 700)), gzipSync(two.subarray(700)), gzipSync('')), three],
    says: 'intact',
  },
  { name: 'gzip, cut short', files: [one, packed.subarray(0, 1500)], says: 'cannot_say', first: 'torn_tail' },
  {
    name: 'gzip, cut within its end',
    files: [one, packed.subarray(0, packed.length - 3)],
    says: 'cannot_say',
    first: 'torn_tail',
  },
  { name: 'gzip, another check sum', files: [one, checkSum], says: 'tampered', first: 'edited' },
  { name: 'gzip, bytes after its end', files: [one, joined(packed, 'hello')], says: 'tampered', first: 'foreign' },
  ...(zstdThere
    ? ([
        { name: 'zstd', files: [zstd(one), zstd(two, '-19'), three], says: 'intact' },
        {
          name: 'zstd in frames',
          files: [one, joined(zstd(two.subarray(0, 700)), zstd(two.subarray(700))), three],
          says: 'intact',
        },
        { name: 'zstd, cut short', files: [one, zstd(two).subarray(0, 1500)], says: 'cannot_say', first: 'torn_tail' },
      ] as const)
    : []),
];

for (const [index, { name, files, keys = [key], expect = '', says, first }] of CASES.entries()) {
  test(`${name}: ${says}`, async () => {
    const paths = files.map((bytes, at) => {
      const path = join(folder, `${index}-${at}`);
      writeFileSync(path, bytes);
      return path;
    });
    const flags = [...keys.flatMap(one => ['--key', one]), ...(expect === '' ? [] : ['--expect', expect])];
    const command = await runCommand(verify, ['--json', ...flags, ...paths]);
    const said = JSON.parse(command.out.join('')) as { readonly verdict: string; readonly logs: readonly Report[] };
    const page = await pageSays(paths, keys.join('\n'), expect);
    assert.deepEqual(page, withoutFolder(said.logs, folder));
    assert.equal(said.verdict, says);
    if (first !== undefined) assert.equal(page[0]?.findings[0]?.code, first);
  });
}

for (const version of readdirSync('test/corpus')) {
  for (const name of readdirSync(join('test/corpus', version))) {
    test(`the corpus, ${version}/${name}: as the command says it`, async () => {
      const at = resolve('test/corpus', version, name);
      const command = await runCommand(verify, ['--json', '--key', join(at, 'key.pub'), ...filesOf(at)]);
      const { logs } = JSON.parse(command.out.join('')) as { readonly logs: readonly Report[] };
      const page = await pageSays(filesOf(at), readFileSync(join(at, 'key.pub'), 'utf8'));
      assert.deepEqual(page, withoutFolder(logs, at));
    });
  }
}

test('gzip, spoiled: both say so; what still could be unpacked is judged too', async () => {
  const path = join(folder, 'spoilt');
  writeFileSync(path, spoilt);
  writeFileSync(join(folder, 'first'), one);
  const paths = [join(folder, 'first'), path];
  const { out } = await runCommand(verify, ['--key', key, ...paths]);
  const [page] = await pageSays(paths, key);
  assert.equal(page?.verdict, 'tampered');
  assert.equal(out.at(-1), 'TAMPERED');
  const said = page.findings.find(({ detail }) => detail.startsWith('the compressed data is spoiled'));
  assert.ok(said && out.some(line => line.endsWith(`: edited: ${said.detail}`)), out.join('\n'));
});

test('gzip, a bomb in one line: given up at 64 MiB', async () => {
  const path = join(folder, 'bomb');
  writeFileSync(path, gzipSync(Buffer.alloc(66 << 20), { level: 1 }));
  writeFileSync(join(folder, 'first'), one);
  const [page] = await pageSays([path, join(folder, 'first')], key);
  assert.match(page?.findings[0]?.detail ?? '', /a line without end; the rest was not read/);
});

test('SHA-256 is that of Node.js', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i * 7);
  for (let length = 0; length <= bytes.length; length++) {
    const part = bytes.subarray(0, length);
    const hex = Buffer.from(ofNode(part)).toString('hex');
    const pieces = new Sha256Pieces();
    pieces.add(part.subarray(0, length >> 1));
    pieces.add(part.subarray(length >> 1));
    assert.deepEqual([Buffer.from(sha256(part)).toString('hex'), sha256Digest(part), pieces.hex()], [hex, hex, hex]);
  }
  assert.equal(sha256Text('Grüße'), Buffer.from(ofNode(Buffer.from('Grüße'))).toString('hex'));
});

const RUN = { read: () => {}, breathe: async () => {} };
const blob = (content: Uint8Array | string): Blob => new Blob([Buffer.from(content)]);

test('what cannot be judged is refused, and nothing is concluded', async () => {
  const refused = (what: Promise<unknown>, why: RegExp): Promise<void> =>
    assert.rejects(what, error => error instanceof Refused && why.test(error.message));
  const given = { beside: [], keys: keysOf(key), expect: null };
  const files = [
    { name: 'one', bytes: blob(one) },
    { name: 'other', bytes: blob(other) },
  ];
  await refused(
    verifyDropped({ ...given, files, expect: expectedEndOf(`1:${log.root(1)}`) }, RUN),
    /speaks of one log/,
  );
  const gone: Slices = { size: 10, slice: () => ({ arrayBuffer: () => Promise.reject(new Error('gone')) }) };
  await refused(
    verifyDropped({ ...given, files: [{ name: 'gone', bytes: gone }] }, RUN),
    /^gone cannot be read \(gone\)/,
  );
  const wide = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, ...new Uint8Array(30));
  await refused(unpacked({ name: 'wide', bytes: blob(wide) }).next(), /^wide: its Zstandard window is too large/);
  await refused(sortDropped('origin.key', blob(key)), /looks like a secret key/);
  await refused(sortDropped('origin.pub', blob('hello')), /no usable Ed25519 public key/);
  // A point of small order: anybody can sign for it.
  await refused(sortDropped('weak.pub', blob(`${toBase64(Uint8Array.of(1, ...new Uint8Array(31)))}\n`)), /no usable/);
  assert.throws(() => keysOf(`${key}\n\nhello`), /Line 3 is no usable/);
  assert.throws(() => expectedEndOf('12'), /This is not SIZE:ROOT/);
  assert.equal(expectedEndOf(' '), null);
});

test('a browser that computes wrongly judges nothing', () => {
  selfTest();
  for (const lie of [() => true, () => false]) assert.throws(() => selfTest(lie), Refused);
  assert.throws(() => selfTest(undefined, () => 'f'.repeat(64)), Refused);
});

test('what is dropped is told apart', async () => {
  assert.deepEqual(await sortDropped('origin.pub', blob(`${key}\n`)), { kind: 'key', key });
  assert.deepEqual(await sortDropped('key.txt', blob(key)), { kind: 'key', key });
  assert.deepEqual(await sortDropped('audit.jsonl.state', blob('')), { kind: 'beside' });
  assert.deepEqual(await sortDropped('audit.jsonl.epochs', blob('')), { kind: 'beside' });
  assert.deepEqual(await sortDropped('audit.jsonl', blob(one)), { kind: 'log' });
});

test('a large file is read in slices of at most 1 MiB, once, and told as it goes', async () => {
  const bytes = joined(two, ...Array.from({ length: 100 }, () => two));
  const large = Buffer.concat(Array.from({ length: 2 }, () => bytes));
  const asked: number[] = [];
  const slices: Slices = {
    size: large.length,
    slice: (from, to) => {
      asked.push(to - from);
      return blob(large.subarray(from, to));
    },
  };
  let read = 0;
  let breaths = 0;
  const run = {
    read: (bytes: number) => {
      read += bytes;
    },
    breathe: async () => {
      breaths++;
    },
  };
  await verifyDropped({ files: [{ name: 'large', bytes: slices }], beside: [], keys: [], expect: null }, run);
  assert.equal(read, large.length);
  assert.ok(
    large.length > 3 << 20 && breaths >= 3 && asked.every(length => length <= 1 << 20),
    `${large.length} ${breaths}`,
  );
});
