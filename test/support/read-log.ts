/**
 * Reads a log as a stranger would who has only the format's text: node:crypto and JSON.parse, nothing of the project.
 * Every statement of the format that one log's files can show is asserted on the way.
 */
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface Line {
  readonly type: string;
  readonly seq: number;
  readonly [name: string]: string | number | boolean;
}

const sha = (...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** RFC 6962 §2.1, straight from its definition. */
export function treeRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha('');
  if (leaves.length === 1) return leaves[0] as Buffer;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha(Buffer.of(1), treeRoot(leaves.slice(0, split)), treeRoot(leaves.slice(split)));
}

/** The roots of the perfect subtrees, largest first. */
function frontier(leaves: readonly Buffer[]): string {
  const roots: string[] = [];
  let rest = leaves;
  while (rest.length > 0) {
    let take = 1;
    while (take * 2 <= rest.length) take *= 2;
    roots.push(treeRoot(rest.slice(0, take)).toString('base64'));
    rest = rest.slice(take);
  }
  return roots.join(',');
}

const canonical = (record: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))));

function signed(publicKey: string, text: string, signature: Buffer): boolean {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(publicKey, 'base64')]);
  return verify(null, Buffer.from(text), createPublicKey({ key: der, format: 'der', type: 'spki' }), signature);
}

/** All records of the log in `files`, in the order given; fails at the first statement that does not hold. */
export function readWhole(...files: readonly string[]): Line[] {
  const records: Line[] = [];
  const leaves: Buffer[] = [];
  let prev = '';
  const keys = new Keys();
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    assert.ok(text === '' || text.endsWith('\n'), `${file} ends with a newline`);
    const lines = text.split('\n').slice(0, -1);
    for (const [n, line] of lines.entries()) {
      const record = JSON.parse(line) as Line;
      const at = `${file}:${n + 1}`;
      assert.equal(line, canonical(record), `${at} is canonical`);
      assert.ok(Buffer.byteLength(line) <= 16_384, `${at} is short enough`);
      assert.equal(record.v, 1, at);
      assert.equal(record.seq, records.length, `${at} seq`);
      if (records.length === 0) prev = sha(Buffer.of(0), record.log as string).toString('hex');
      assert.equal(record.log, records[0]?.log ?? record.log, `${at} log`);
      assert.equal(record.prev, prev, `${at} prev`);
      assert.match(record.time as string, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, at);
      if (n === 0) assert.equal(record.type, records.length === 0 ? 'log_started' : 'segment_opened', `${at} first`);
      if (n === 0 && records.length > 0) keys.expect(record.public_key as string, at);
      if (n === 0) keys.now = record.public_key as string;
      if (record.type === 'key_rotated') assertRotation(record, keys, at);
      if (record.type === 'segment_opened') {
        assert.equal(record.size, record.seq, at);
        assert.equal(record.frontier, frontier(leaves), `${at} frontier`);
        assert.match(record.nonce as string, /^[0-9a-f]{32}$/, at);
      }
      if (record.type === 'segment_closed') assert.deepEqual([record.size, record.head], [record.seq, prev], at);
      if (record.type === 'checkpoint') assertCheckpoint(record, leaves, keys.named(record.key_id as string, at), at);
      const leaf = sha(Buffer.of(0), line);
      leaves.push(leaf);
      prev = leaf.toString('hex');
      records.push(record);
    }
  }
  return records;
}

/** The key in force, and, while the one after it has signed nothing, the one before: a crash may have it go on. */
class Keys {
  now = '';
  before: string | null = null;

  named(id: string, at: string): string {
    const key = [this.now, this.before].find(one => one !== null && keyIdOf(one) === id);
    assert.ok(key, `${at}: ${id} is the key of no epoch here`);
    this.expect(key, at);
    if (key === this.now) this.before = null;
    return key;
  }

  expect(key: string, at: string): void {
    if (key !== this.now) {
      assert.equal(key, this.before, `${at} names the key in force`);
      this.now = key;
      this.before = null;
    }
  }
}

const keyIdOf = (key: string): string => sha(Buffer.from(key, 'base64')).toString('hex').slice(0, 16);

function assertRotation(record: Line, keys: Keys, at: string): void {
  const { sig, ...unsigned } = record;
  const made = Buffer.from(sig as string, 'base64');
  const by = [keys.now, keys.before].find(
    key => key !== null && signed(key, `checkrd-record-v1\n${canonical(unsigned)}`, made),
  );
  assert.ok(by, `${at} sig`);
  const text = `checkrd-key-v1\n${record.log}\n${record.seq}\n${record.prev}\n${record.public_key}\n`;
  assert.ok(signed(by, text, Buffer.from(record.signature as string, 'base64')), `${at} signature`);
  assert.equal(record.key_id, keyIdOf(record.public_key as string), `${at} key_id`);
  keys.before = by;
  keys.now = record.public_key as string;
}

function assertCheckpoint(record: Line, leaves: readonly Buffer[], publicKey: string, at: string): void {
  const size = record.size as number;
  assert.ok(size <= record.seq, at);
  assert.equal(record.head, leaves[size - 1]?.toString('hex'), `${at} head`);
  const root = treeRoot(leaves.slice(0, size));
  assert.equal(record.root, root.toString('hex'), `${at} root`);
  const { sig, ...unsigned } = record;
  const signature = Buffer.from(sig as string, 'base64');
  assert.ok(signed(publicKey, `checkrd-record-v1\n${canonical(unsigned)}`, signature), `${at} sig`);
  const text = `${record.log}\n${size}\n${root.toString('base64')}\n`;
  const [signedText, signature64] = (record.note as string).split('\n— ') as [string, string];
  assert.equal(signedText, text, `${at} note text`);
  const [name, blob] = signature64.trimEnd().split(' ') as [string, string];
  assert.equal(name, record.log, at);
  assert.ok(signed(publicKey, text, Buffer.from(blob, 'base64').subarray(4)), `${at} note signature`);
  const raw = Buffer.from(publicKey, 'base64');
  assert.equal(record.key_id, sha(raw).toString('hex').slice(0, 16), at);
  assert.deepEqual(Buffer.from(blob, 'base64').subarray(0, 4), sha(`${name}\n`, Buffer.of(1), raw).subarray(0, 4), at);
}

export const typesOf = (records: readonly Line[]): string[] => records.map(r => r.type);
