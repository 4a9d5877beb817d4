import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareMany } from '../support/oracle/compare.js';

test('the engine decides as the text of the language says: 5,000 policies', t => {
  const tally = compareMany({ seed: 20_260_107, cases: 5000 });
  t.diagnostic(JSON.stringify(Object.fromEntries(tally)));
  for (const code of [
    'rule_allowed',
    'default_allowed',
    'request_invalid',
    'no_policy_for_agent',
    'body_too_large',
    'rule_denied',
    'default_denied',
    'rate_limited',
  ]) {
    assert.ok((tally.get(code) ?? 0) > 100, `${code} was seen`);
  }
});
