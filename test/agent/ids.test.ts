import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ids } from '#src/agent/ids.js';
import { uuidV7 } from '#src/core/decide/request-id.js';

test('a request ID is a UUIDv7 of its millisecond', () => {
  assert.equal(uuidV7(0x0123456789ab, 'ffffffffffffffffffff'), '01234567-89ab-7fff-bfff-ffffffffffff');
  assert.equal(uuidV7(1, '00000000000000000000'), '00000000-0001-7000-8000-000000000000');
  assert.equal(uuidV7(1, '0123f5678abcdef01234'), '00000000-0001-7123-b567-8abcdef01234');
});

test('IDs keep their form and never repeat, however often the pool is filled', () => {
  const ids = new Ids();
  const seen = new Set<string>();
  for (let i = 0; i < 2_000; i++) {
    const [request, trace, span] = [ids.request(1_767_780_000_000), ids.trace(), ids.span()];
    assert.match(request, /^019b97e6-2100-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.match(trace, /^[0-9a-f]{32}$/);
    assert.match(span, /^[0-9a-f]{16}$/);
    for (const id of [request, trace, span]) seen.add(id);
  }
  assert.equal(seen.size, 6_000);
});
