/** Programs with bytes changed at random, and what an engine makes of them. */
import assert from 'node:assert/strict';
import { Fault } from '#src/core/fault.js';
import { HEADER_WORDS } from '#src/core/policy/program/format.js';
import { type Ask, decide, engineModule, policyOf, programOf } from './engine.js';

/** A policy that fills every section of a program. */
export const POLICY = `
default: deny
agents: ["crm-*", "default"]
rules:
  - { name: a1, allow: { method: [GET, HEAD], url: "api.example.com/v1/*/things/{id}" } }
  - { name: a2, allow: { url: "**.example.org/**/x*y" } }
  - { name: a3, allow: { url: "*/public/**", headers: [{ name: x-team, in: [a, b, cc] }] } }
  - { name: a4, allow: { url: "[::ffff:1.2.3.4]:8443/*", query: [{ name: q, prefix: a, suffix: z }] } }
  - { name: d1, deny: { method: [DELETE], url: "*" } }
  - { name: d2, deny: { url: "a*b.*.net/x/**/y", query: [{ name: debug, present: false }] } }
  - { name: d3, deny: { time_outside: "06:00-22:00", timezone: "+01:00" } }
  - { name: d4, deny: { url: "api.example.com/**", body: { jsonpath: "$.amount", min: 100 } } }
  - { name: t1, allow: { tool: ["files/**/x*", "db/{id}"], args: { jsonpath: "$.path", prefix: /tmp/ } } }
  - { name: t2, deny: { tool: "files/*", url: "files/tools/**" } }
  - { name: t3, mode: dry_run, deny: { args: [{ jsonpath: "$.n", max: 3 }] } }
  - { name: s1, mode: dry_run, limit: { calls_per_hour: 1, per: host } }
  - { name: l1, limit: { calls_per_minute: 5, per: endpoint } }
  - { name: l2, limit: { calls_per_day: 50, per: body_field, field: "$.model", url: "api.example.com/**" } }
`;

const ASKS: readonly Ask[] = [
  { url: 'https://api.example.com/v1/a/things/42' },
  { url: 'https://api.example.com/v1/a/things/42', method: 'POST', body: '{"amount":100,"model":"m"}' },
  { url: 'https://a.b.example.org/1/2/xay', headers: [['X-HTTP-Method', 'DELETE']] },
  { url: 'https://any.example/public/%2e%41%2541;x//y', headers: [['X-Team', 'cc']] },
  { url: 'https://[::ffff:1.2.3.4]:8443/x?q=a-z&debug' },
  { url: 'https://axb.y.net/x/1/2/y', at: '2026-01-07T23:00:00Z' },
  { url: 'https://api.example.com/%FF?_method=DELETE' },
  { tool: 'files/a/xyz', args: '{"path":"/tmp/x","n":2}' },
  { tool: 'files/x', url: 'tool://files/tools/x', args: '{"n":4}' },
  { tool: 'db/42' },
];

/** mulberry32: small, seeded, good enough to pick bytes. */
function random(seed: number): (below: number) => number {
  let a = seed;
  return below => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const policy = policyOf(POLICY);

/** The codes of all asks, or the refusal. Anything else that is thrown fails the test. */
export function judge(program: Uint8Array): string {
  try {
    const engine = engineModule().instantiate(program, { inspectBytes: 256 });
    return ASKS.map(ask => decide({ policy, engine }, ask)).join(', ');
  } catch (error) {
    assert.ok(error instanceof Fault && error.code === 'engine_program_refused', String(error));
    return 'refused';
  }
}

/** Spoils the program `runs` times from `seed`; how many were refused. Throws when anything but a refusal escapes the host. */
export function spoil(seed: number, runs: number): number {
  const good = programOf(policy);
  const pick = random(seed);
  let refused = 0;
  for (let run = 0; run < runs; run++) {
    const program = good.slice();
    for (let n = 1 + pick(3); n > 0; n--) {
      // Half of the changes hit the header and small numbers, where a program is most brittle.
      const at = pick(2) === 0 ? pick(HEADER_WORDS * 4) : pick(program.length);
      program[at] = pick(3) === 0 ? program[at]! ^ (1 << pick(8)) : pick(256);
    }
    if (judge(program) === 'refused') refused++;
  }
  return refused;
}
