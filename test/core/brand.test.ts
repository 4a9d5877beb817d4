import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentId } from '#src/core/brand.js';

const refused = ['', '.hidden', '-dash', '../up', 'a/b', 'a b', 'ä', `a${'b'.repeat(128)}`, 'a\n'];
for (const text of refused) {
  test(`agent ID refuses ${JSON.stringify(text)}`, () => {
    assert.equal(agentId(text), null);
  });
}

for (const text of ['a', '0', 'crm-agent', 'A.b_c-9', `a${'b'.repeat(127)}`]) {
  test(`agent ID takes ${text}`, () => {
    assert.equal(agentId(text), text);
  });
}
