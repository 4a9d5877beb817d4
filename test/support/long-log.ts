/** A log of any length, written as a stream: decisions of a usual size, a checkpoint every 1,024. Deterministic. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { canonicalLine, type FlatRecord } from '#src/core/audit/canonical.js';
import { genesisPrev, leafHashHex } from '#src/core/audit/chain.js';
import { keyId } from '#src/core/audit/key-id.js';
import { appendLeaf, EMPTY_FRONTIER, rootOf } from '#src/core/audit/merkle.js';
import { signCheckpoint } from '#src/core/audit/note.js';
import { signRecord } from '#src/core/audit/record-signature.js';
import { fromHex, toBase64, toHex } from '#src/core/bytes.js';
import type { Signer } from '#src/crypto/ed25519.js';
import { sha256, sha256Text } from '#src/crypto/sha256.js';

const CHECKPOINT_EVERY = 1024;
const WRITE_BYTES = 4 * 1024 * 1024;

/** @returns how many records it has */
export function writeLongLog(path: string, sizeBytes: number, origin: string, signer: Signer): number {
  const key = { public_key: toBase64(signer.publicKey), key_id: keyId(sha256, signer.publicKey) };
  const fd = openSync(path, 'w');
  let prev = genesisPrev(sha256Text, origin);
  let frontier = EMPTY_FRONTIER;
  let held = '';
  let written = 0;
  const add = (type: string, fields: FlatRecord, signed = false): void => {
    const seq = frontier.size;
    const time = new Date(Date.UTC(2026, 0, 1) + seq).toISOString();
    const record: FlatRecord = { v: 1, log: origin, seq, prev, time, type, ...fields };
    const line = canonicalLine(signed ? { ...record, sig: signRecord(signer.sign, record) } : record);
    prev = leafHashHex(sha256Text, line);
    frontier = appendLeaf(sha256, frontier, fromHex(prev) as Uint8Array);
    held += `${line}\n`;
    if (held.length < WRITE_BYTES) return;
    written += writeSync(fd, held);
    held = '';
  };
  const checkpoint = (): void => {
    const root = rootOf(sha256, frontier);
    const note = signCheckpoint(sha256, signer.sign, signer.publicKey, { origin, size: frontier.size, root });
    add('checkpoint', { size: frontier.size, head: prev, root: toHex(root), key_id: key.key_id, note }, true);
  };
  add('log_started', { alg: 'ed25519', ...key });
  while (written + held.length < sizeBytes) {
    for (let i = 0; i < CHECKPOINT_EVERY; i++) add('decision', decision(frontier.size));
    checkpoint();
  }
  writeSync(fd, held);
  closeSync(fd);
  return frontier.size;
}

function decision(n: number): FlatRecord {
  return {
    agent_id: 'crm-agent',
    code: 'rule_allowed',
    decision_ns: 1200 + (n % 997),
    enforced: true,
    instance_id: '0123456789abcdef',
    matched_rule: 'read customers',
    matched_rule_kind: 'allow',
    method: 'GET',
    policy_mode: 'enforce',
    policy_result: 'allow',
    policy_sha256: 'ab'.repeat(32),
    request_id: `019a4a5e-7b9e-7cc3-a5fb-${n.toString(16).padStart(12, '0')}`,
    span_id: 'b7ad6b7169203331',
    span_name: 'GET api.example.com',
    trace_id: '0af7651916cd43dd8448eb211c80319c',
    url_host: 'api.example.com',
    url_path: '/v1/customers/{id}',
    url_scheme: 'https',
  };
}
