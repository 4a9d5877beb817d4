import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evidenceTar } from '#src/core/evidence/bundle.js';
import { untar } from '#src/core/evidence/tar.js';
import { sha256 } from '#src/crypto/sha256.js';
import { testSigner } from '../../support/audit-builder.js';

test('more records than a call has room for arguments', () => {
  const records = Array.from({ length: 200_000 }, (_, index) => ({ index, line: '{}', checkpoint: 1, path: [] }));
  const { publicKey } = testSigner('bundle');
  const parts = { log: 'host/a/0123456789abcdef', asked: {}, publicKey, records };
  const archive = evidenceTar(sha256, { ...parts, checkpoints: new Map(), rotations: [], policies: new Map() });
  assert.equal(untar(archive)?.find(({ name }) => name === 'records.jsonl')?.bytes.length, 3 * records.length);
});
