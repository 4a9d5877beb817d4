/**
 * What an engineer writes from docs/audit-log.md in an afternoon, in one file and on one core: parse, canonical form,
 * chain, tree, checkpoints with both signatures. It stops at the first thing that is wrong.
 *
 *   node peer-verify.js KEY FILE
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

const [keyText = '', path = ''] = process.argv.slice(2);
const raw = Buffer.from(keyText, 'base64');
const key = createPublicKey({
  key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]),
  format: 'der',
  type: 'spki',
});

/** RFC 8785, as its published implementations in JavaScript go about it. */
function canonicalize(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalize).join(',')}]`;
  const object = value as Record<string, unknown>;
  const members = Object.keys(object)
    .sort()
    .map(name => `${JSON.stringify(name)}:${canonicalize(object[name])}`);
  return `{${members.join(',')}}`;
}

const sha256 = (...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const ZERO = Buffer.of(0);
const ONE = Buffer.of(1);

let roots: Buffer[] = [];
let size = 0;
let pending: Buffer[] = [];
function grow(leaf: Buffer): void {
  let carried = leaf;
  for (let bits = size; bits % 2 === 1; bits = (bits - 1) / 2) carried = sha256(ONE, roots.pop() as Buffer, carried);
  roots.push(carried);
  size++;
}
function root(): Buffer {
  return roots.reduceRight((right, left, i) => (i === roots.length - 1 ? left : sha256(ONE, left, right)), ZERO);
}

function fail(why: string): never {
  console.log(`line ${count}: ${why}`);
  process.exit(1);
}

let count = 0;
let head = '';
let signed = 0;
for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
  const record = JSON.parse(line) as Record<string, unknown>;
  if (canonicalize(record) !== line) fail('not canonical');
  if (count === 0) head = sha256(ZERO, String(record.log)).toString('hex');
  if (record.v !== 1 || record.seq !== count || record.prev !== head) fail('not the next record');
  if (record.type === 'checkpoint') {
    const { sig, ...unsigned } = record;
    const message = Buffer.from(`checkrd-record-v1\n${canonicalize(unsigned)}`);
    if (!verify(null, message, key, Buffer.from(String(sig), 'base64'))) fail('sig');
    const [body = '', signature = ''] = String(record.note).split('\n\n');
    const blob = Buffer.from(signature.trimEnd().split(' ')[2] ?? '', 'base64');
    if (!verify(null, Buffer.from(`${body}\n`), key, blob.subarray(4))) fail('note');
    const known = sha256(String(record.log), '\n\x01', raw).subarray(0, 4);
    if (!known.equals(blob.subarray(0, 4))) fail('key');
    const covered = Number(record.size) - size;
    for (const leaf of pending.slice(0, covered)) grow(leaf);
    pending = pending.slice(covered);
    const found = root();
    if (found.toString('hex') !== record.root) fail('root');
    if (body !== `${record.log}\n${record.size}\n${found.toString('base64')}`) fail('note says something else');
    signed = count + 1;
  }
  const leaf = sha256(ZERO, line);
  head = leaf.toString('hex');
  pending.push(leaf);
  count++;
}
for (const leaf of pending) grow(leaf);
roots = [];
console.log(`intact: ${count} records, ${signed} signed`);
