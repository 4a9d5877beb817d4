import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy, missingZones } from '#src/agent/compile.js';
import { knowsZone } from '#src/wasm/zones.js';
import { policyOf } from '../support/engine.js';

const TEXT = `
default: deny
rules:
  - { name: a, allow: { days: [mon], timezone: Europe/Berlin } }
  - { name: b, allow: { days: [tue], timezone: Asia/Tokyo } }
  - { name: c, allow: { days: [wed], timezone: Asia/Tokyo } }
  - { name: d, allow: { days: [thu], timezone: "+01:00" } }
`;

test('a zone that this Node does not have is an issue, once, where it stands', () => {
  const issues = missingZones(policyOf(TEXT), name => name !== 'Asia/Tokyo');
  assert.deepEqual(
    issues.map(({ code, line, column }) => [code, line, column]),
    [['time_zone_missing', 4, 48]],
  );
  assert.match(issues[0]?.message ?? '', /does not have `Asia\/Tokyo`/);
  assert.match(issues[0]?.suggestion ?? '', /newer Node/);
});

test('zones that it has load; one that does not exist anywhere is no zone of a policy', () => {
  assert.deepEqual(missingZones(policyOf(TEXT), knowsZone), []);
  assert.equal(knowsZone('Europe/Atlantis'), false);
  const bytes = new TextEncoder().encode(TEXT.slice(1).replace('Asia/Tokyo', 'Europe/Atlantis'));
  const compiled = compilePolicy(bytes, '/policy.yaml');
  assert.ok(!compiled.ok);
  assert.equal(compiled.issues[0]?.code, 'time_invalid');
});
