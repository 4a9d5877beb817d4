/** The language, section 10: sets of documents against a model composed of single ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLayered } from '../support/oracle/layered.js';

const seed = 20_261_107;
const sets = 24;

test(`layers decide as the text of the language says, on ${sets} sets of documents (seed ${seed})`, t => {
  const tally = runLayered(seed, sets);
  t.diagnostic(JSON.stringify(tally));
  for (const kind of [
    'rate_limited',
    'rate_limited by a layer',
    'default_denied by a layer',
    'let pass',
    'rule_allowed',
  ]) {
    assert.ok((tally[kind] ?? 0) > 0, `${kind}: ${tally[kind]}`);
  }
});
