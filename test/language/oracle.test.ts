import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareMany } from '../support/oracle/compare.js';

const CODES = [
  'rule_allowed',
  'default_allowed',
  'request_invalid',
  'no_policy_for_agent',
  'body_too_large',
  'rule_denied',
  'default_denied',
  'rate_limited',
];

test('the engine decides as the text of the language says, on some 5,000 requests', t => {
  const tally = compareMany({ seed: 20_260_107, cases: 1200 });
  t.diagnostic(`seen: ${[...tally].join(' ')}`);
  for (const code of CODES) assert.ok((tally.get(code) ?? 0) >= 20, `${code} was seen`);
});
