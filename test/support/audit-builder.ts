/**
 * A small writer of audit logs for tests: chain, tree, checkpoints and segments from the format's own functions, nothing of
 * the product's writer. Deterministic: the same calls give the same bytes.
 */
import { createHash } from 'node:crypto';
import { canonicalLine, type FlatRecord } from '#src/core/audit/canonical.js';
import { genesisPrev, leafHashHex } from '#src/core/audit/chain.js';
import { keyId } from '#src/core/audit/key-id.js';
import { signSuccession } from '#src/core/audit/key-rotation.js';
import { appendLeaf, EMPTY_FRONTIER, encodeFrontier, type Frontier, rootOf } from '#src/core/audit/merkle.js';
import { signCheckpoint } from '#src/core/audit/note.js';
import { signRecord } from '#src/core/audit/record-signature.js';
import { fromHex, toBase64, toHex } from '#src/core/bytes.js';
import { type Signer, signerFromSeed } from '#src/crypto/ed25519.js';
import { sha256, sha256Text } from '#src/crypto/sha256.js';

/** A signer that is the same in every run. */
export function testSigner(name: string): Signer {
  return signerFromSeed(new Uint8Array(createHash('sha256').update(name).digest()));
}

export class AuditBuilder {
  readonly origin: string;
  /** Of the epoch. */
  signer: Signer;
  /** Numbers of the epochs so far, and their `key_rotated` lines: what `<log>.epochs` holds. */
  epoch = 0;
  readonly epochs: string[] = [];
  /** Lines of each file, without newlines. */
  readonly files: string[][] = [[]];
  #seq = 0;
  #prev: string;
  #frontiers: Frontier[] = [EMPTY_FRONTIER];
  #heads: string[] = [];

  constructor(origin: string, signer: Signer) {
    this.origin = origin;
    this.signer = signer;
    this.#prev = genesisPrev(sha256Text, origin);
  }

  get size(): number {
    return this.#seq;
  }

  /** Root of the first `size` lines, hexadecimal. */
  root(size = this.#seq): string {
    return toHex(rootOf(sha256, this.#frontiers[size] as Frontier));
  }

  add(type: string, fields: FlatRecord = {}): this {
    const time = new Date(Date.UTC(2026, 0, 1) + this.#seq * 1000).toISOString();
    return this.#write({ v: 1, log: this.origin, seq: this.#seq, prev: this.#prev, time, type, ...fields });
  }

  started(): this {
    return this.add('log_started', { alg: 'ed25519', ...this.#key() });
  }

  decision(rule: string): this {
    return this.add('decision', { agent_id: 'crm-agent', code: 'rule_allowed', enforced: true, matched_rule: rule });
  }

  /** A checkpoint of the first `size` lines; `altered` replaces fields before the record is signed. */
  checkpoint(size = this.#seq, altered: FlatRecord = {}, signer = this.signer): this {
    const root = rootOf(sha256, this.#frontiers[size] as Frontier);
    const note = signCheckpoint(sha256, signer.sign, signer.publicKey, { origin: this.origin, size, root });
    const record: FlatRecord = {
      ...{ v: 1, log: this.origin, seq: this.#seq, prev: this.#prev, type: 'checkpoint' },
      time: new Date(Date.UTC(2026, 0, 1) + this.#seq * 1000).toISOString(),
      ...{ size, head: this.#heads[size - 1] ?? '', root: toHex(root), key_id: keyId(sha256, signer.publicKey), note },
      ...altered,
    };
    return this.#write({ ...record, sig: signRecord(signer.sign, record) });
  }

  /** Ends the file and begins the next. */
  turn(reason = 'size', altered: FlatRecord = {}): this {
    this.add('segment_closed', { size: this.#seq, head: this.#prev }).checkpoint();
    return this.open(reason, altered);
  }

  /** Begins the next file without ending the last one, as after a crash. */
  open(reason: string, altered: FlatRecord = {}): this {
    this.files.push([]);
    const frontier = encodeFrontier(this.#frontiers[this.#seq] as Frontier);
    const segment = this.files.length - 1;
    const fields = { segment, reason, size: this.#seq, frontier, ...this.#key(), nonce: '0'.repeat(32), ...altered };
    return this.add('segment_opened', fields);
  }

  /** A new epoch; `by` signs the rotation, as far as `altered` does not say otherwise. */
  rotate(next: Signer, altered: FlatRecord = {}, by = this.signer): this {
    const succession = { origin: this.origin, seq: this.#seq, prev: this.#prev, publicKey: next.publicKey };
    const record: FlatRecord = {
      ...{ v: 1, log: this.origin, seq: this.#seq, prev: this.#prev, type: 'key_rotated', epoch: this.epoch + 1 },
      time: new Date(Date.UTC(2026, 0, 1) + this.#seq * 1000).toISOString(),
      ...keyOf(next),
      signature: signSuccession(by.sign, succession),
      ...altered,
    };
    this.#write({ ...record, sig: altered.sig ?? signRecord(by.sign, record) });
    this.epochs.push((this.files.at(-1) as string[]).at(-1) as string);
    this.signer = next;
    this.epoch++;
    return this;
  }

  /** The whole of an epoch's end as a writer does it: file closed by the old key, the next one begun, a new key. */
  turnEpoch(next: Signer, reason = 'size'): this {
    return this.turn(reason).rotate(next).checkpoint();
  }

  #key(): FlatRecord {
    return keyOf(this.signer);
  }

  #write(record: FlatRecord): this {
    const line = canonicalLine(record);
    const hash = leafHashHex(sha256Text, line);
    (this.files.at(-1) as string[]).push(line);
    this.#frontiers.push(appendLeaf(sha256, this.#frontiers[this.#seq] as Frontier, fromHex(hash) as Uint8Array));
    this.#heads.push(hash);
    this.#prev = hash;
    this.#seq++;
    return this;
  }
}

function keyOf(signer: Signer): FlatRecord {
  return { public_key: toBase64(signer.publicKey), key_id: keyId(sha256, signer.publicKey) };
}
