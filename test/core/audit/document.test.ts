/** docs/audit-log.md promises bytes; here they are made, and verified, and its table of codes is compared. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromBase64, fromHex, toBase64 } from '#src/core/bytes.js';
import { checkInclusion } from '#src/core/evidence/check-proof.js';
import { cosigned, witnessVkey } from '#src/core/evidence/cosignature.js';
import { readProof } from '#src/core/evidence/proof-file.js';
import { ed25519Verify, signerFromSeed } from '#src/crypto/ed25519.js';
import { sha256 } from '#src/crypto/sha256.js';
import { AuditBuilder } from '../../support/audit-builder.js';
import { fileOf, verifyBytes } from '../../support/verify-bytes.js';

const text = readFileSync('docs/audit-log.md', 'utf8');
const block = (language: string): string => {
  const found = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(text);
  assert.ok(found?.[1], `no ${language} block`);
  return found[1];
};
const seed = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
const signer = signerFromSeed(seed ?? new Uint8Array(0));
const origin = 'host/crm-agent/0123456789abcdef';

test('the worked example is what the format’s functions write', () => {
  const log = new AuditBuilder(origin, signer).started().decision('chat').checkpoint();
  const lines = block('jsonl').trimEnd().split('\n');
  assert.deepEqual(lines, log.files[0]);
  assert.equal((JSON.parse(lines[2] as string) as { note: string }).note, block('text'));
  assert.ok(text.includes(`\`${toBase64(signer.publicKey)}\``));
  for (const size of [2, 3]) assert.ok(text.includes(`\`${log.root(size)}\``));
});

test('its hashes, its proof and its witnessed note are what the page shows', () => {
  const lines = block('jsonl').trimEnd().split('\n');
  const leaves = lines.map(line => createHash('sha256').update(`\0${line}`).digest());
  assert.equal(block('hashes'), leaves.map(leaf => `${leaf.toString('hex')}\n`).join(''));
  const proof = `c2sp.org/tlog-proof@v1\nindex 1\n${leaves[0]?.toString('base64')}\n\n${block('text')}`;
  assert.equal(block('tlog-proof'), proof);
  const read = readProof(proof);
  assert.ok(read?.kind === 'inclusion');
  const ports = { sha256, verify: ed25519Verify };
  assert.ok(checkInclusion(ports, read, [signer.publicKey], lines[1] ?? '').ok);

  const second = signerFromSeed(
    fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb') ?? new Uint8Array(0),
  );
  const witness = { name: 'witness.example/w1', publicKey: second.publicKey };
  assert.ok(text.includes(`\`${witnessVkey(sha256, witness)}\``));
  assert.equal(block('cosigned'), cosigned(sha256, second.sign, witness, block('text'), 1767225603));
});

test('the worked example verifies under the key it names', () => {
  const key = fromBase64(/its public key is `([^`]+)`/.exec(text)?.[1] ?? '');
  assert.ok(key);
  const lines = block('jsonl').trimEnd().split('\n');
  const report = verifyBytes([fileOf(lines)], { origin, keys: [key], expect: null });
  assert.deepEqual([report.verdict, report.signedTo], ['intact', 3]);
});

test('every code of a finding has its row', () => {
  const source = readFileSync('src/core/verify/findings.ts', 'utf8');
  const union = source.slice(source.indexOf('FindingCode'), source.indexOf('export type Weight'));
  const codes = [...union.matchAll(/\| '([a-z_]+)'/g)].map(m => m[1] as string).sort();
  assert.ok(codes.length >= 12);
  for (const code of codes) assert.match(text, new RegExp(`^\\| \`${code}\` +\\| `, 'm'));
});
