// T-07 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerifyOptions } from '#src/core/verify/verify-log.js';
import { AuditBuilder, testSigner } from '../../support/audit-builder.js';
import { fileOf, firstOf, verifyBytes } from '../../support/verify-bytes.js';

const origin = 'host/crm-agent/0123456789abcdef';
const signer = testSigner('epoch 0');
const past = (second: string): AuditBuilder =>
  new AuditBuilder(origin, signer).started().decision('a').decision(second).checkpoint();

test('a past written anew with the stolen key is found only against a head kept elsewhere', () => {
  const kept = { size: 3, root: past('b').root(3) };
  const forged = [fileOf(past('c').files[0] as string[])];
  const options: VerifyOptions = { origin, keys: [signer.publicKey], expect: null };
  assert.equal(verifyBytes(forged, options).verdict, 'intact', 'this is what remains');
  const report = verifyBytes(forged, { ...options, expect: kept });
  assert.equal(report.verdict, 'tampered');
  assert.equal(firstOf(report), 'expect_mismatch end');
});
