/** Programs with bytes changed at random, and what an engine makes of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Fault } from '#src/core/fault.js';
import { HEADER_WORDS } from '#src/core/policy/program/format.js';
import type { Engine } from '#src/wasm/engine.js';
import { type EngineExports, isEngineExports } from '#src/wasm/exports.js';
import { EngineInstance } from '#src/wasm/instance.js';
import { ENGINE_PATH } from '#src/wasm/module.js';
import { type Ask, decide, engineModule, policyOf, programOf } from './engine.js';

/** A policy that fills every section of a program. */
export const POLICY = `
default: deny
agents: ["crm-*", "default"]
rules:
  - { name: a1, allow: { method: [GET, HEAD], url: "api.example.com/v1/*/things/{id}" } }
  - { name: a2, allow: { url: "**.example.org/**/x*y" } }
  - { name: a3, allow: { url: "*/public/**", headers: [{ name: x-team, in: [a, b, cc], regex: "^[a-c]+$" }] } }
  - { name: a4, allow: { url: "[::ffff:1.2.3.4]:8443/*", query: [{ name: q, prefix: a, suffix: z }] } }
  - { name: d1, deny: { method: [DELETE], url: "*" } }
  - { name: d2, deny: { url: "a*b.*.net/x/**/y", query: [{ name: debug, present: false }] } }
  - { name: d3, deny: { time_outside: "06:00-22:00", timezone: "+01:00" } }
  - { name: d5, deny: { time_within: "22:00-02:00", days: [wed-fri], timezone: Europe/Berlin } }
  - { name: d4, deny: { url: "api.example.com/**", body: { jsonpath: "$.amount", min: 100 } } }
  - { name: d6, deny: { url: "api.example.com/**", body: { jsonpath: "$..roles[*]", exact: root } } }
  - { name: d7, deny: { url: "api.example.com/**", body: { jsonpath: "$.model", regex: "^(?i)x[0-9]{2,3}$" } } }
  - { name: d8, deny: { url: "api.example.com/**", query: [{ name: q, regex: "drop\\\\b" }] } }
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
  {
    url: 'https://api.example.com/v1/a/things/42',
    method: 'POST',
    body: '{"a":{"roles":["b","root"]}}\n{"model":"m"}',
  },
  { url: 'https://a.b.example.org/1/2/xay', headers: [['X-HTTP-Method', 'DELETE']] },
  { url: 'https://any.example/public/%2e%41%2541;x//y', headers: [['X-Team', 'cc']] },
  { url: 'https://[::ffff:1.2.3.4]:8443/x?q=a-z&debug' },
  { url: 'https://axb.y.net/x/1/2/y', at: '2026-01-07T23:00:00Z' },
  { url: 'https://api.example.com/%FF?_method=DELETE' },
  { tool: 'files/a/xyz', args: '{"path":"/tmp/x","n":2}' },
  { tool: 'files/x', url: 'tool://files/tools/x', args: '{"n":4}' },
  { tool: 'db/42' },
];

const INSPECT_BYTES = 256;
/** One program in so many is given to the host itself too. */
const ASK_HOST_EVERY = 1_000;
/** Numbers at which lengths and indexes break. */
const EDGES = [0, 1, 2, 0x7f, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff] as const;

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
    return answers(engineModule().instantiate(program, { inspectBytes: INSPECT_BYTES }));
  } catch (error) {
    assert.ok(error instanceof Fault && error.code === 'engine_program_refused', String(error));
    return 'refused';
  }
}

const answers = (engine: Engine): string => ASKS.map(ask => answered({ policy, engine }, ask)).join(', ');

/** What breaks must deny from then on: an engine that trapped answers nothing but `broken`. */
function answered(loaded: Parameters<typeof decide>[0], ask: Ask): string {
  const said = decide(loaded, ask);
  if (said === 'broken') assert.equal(decide(loaded, ask), 'broken', 'an engine that broke decides again');
  return said;
}

/**
 * The engine's own check of a program, asked many times of one instance: making one costs more than all else here. A program
 * that it takes keeps the instance, as in the host, where an instance loads once.
 */
class Checker {
  readonly #module = new WebAssembly.Module(readFileSync(ENGINE_PATH));
  #exports: EngineExports | null = null;
  #at = 0;
  #loads = 0;

  /** The engine that took the program; null: refused. Every eighth is checked in parts, which must come to the same. */
  load(program: Uint8Array): Engine | null {
    if (this.#exports === null) {
      const { exports } = new WebAssembly.Instance(this.#module);
      assert.ok(isEngineExports(exports));
      this.#exports = exports;
      this.#at = exports.reserve(program.length, INSPECT_BYTES) >>> 0;
      assert.notEqual(this.#at, 0);
    }
    const exports = this.#exports;
    new Uint8Array(exports.memory.buffer).set(program, this.#at);
    // A trap while a program is checked is a mistake of the check: it escapes, and the run fails.
    let inParts: number | null = null;
    if (this.#loads++ % 8 === 0) {
      do inParts = exports.check(7);
      while (inParts === MORE_ROWS);
    }
    const refused = exports.load();
    if (inParts !== null) assert.equal(refused, inParts);
    if (refused !== 0) return null;
    this.#exports = null;
    return new EngineInstance(exports, program, INSPECT_BYTES);
  }
}

const MORE_ROWS = 102;

function mutate(program: Uint8Array, pick: (below: number) => number): void {
  const view = new DataView(program.buffer);
  const words = program.length >> 2;
  for (let n = 1 + pick(8); n > 0; n--) {
    // Half of the changes hit the header and small numbers, where a program is most brittle.
    const at = pick(2) === 0 ? pick(HEADER_WORDS * 4) : pick(program.length);
    const word = (at >> 2) << 2;
    switch (pick(8)) {
      case 0:
      case 1:
        program[at] = program[at]! ^ (1 << pick(8));
        break;
      case 2:
      case 3:
      case 4:
        program[at] = pick(256);
        break;
      case 5:
        view.setUint32(word, view.getUint32(word, true) + (pick(2) === 0 ? 1 : -1), true);
        break;
      case 6:
        view.setUint32(word, EDGES[pick(EDGES.length)]!, true);
        break;
      default:
        view.setUint32(word, view.getUint32(pick(words) << 2, true), true);
    }
  }
}

export interface Spoiled {
  readonly refused: number;
  /** Programs that loaded and decided. */
  readonly decided: number;
}

/**
 * Spoils the program `runs` times from `seed`. Throws when anything but a refusal escapes the host; `onRun` hears each run's
 * number before it begins, so that whoever watches can name one that hangs.
 */
export function spoil(seed: number, runs: number, onRun: (run: number) => void = () => undefined): Spoiled {
  const good = programOf(policy);
  const pick = random(seed);
  const program = good.slice();
  const checker = new Checker();
  let refused = 0;
  for (let run = 0; run < runs; run++) {
    onRun(run);
    program.set(good);
    mutate(program, pick);
    const engine = checker.load(program);
    const said = engine === null ? 'refused' : answers(engine);
    if (engine === null) refused++;
    if (run % ASK_HOST_EVERY === 0) assert.equal(judge(program.slice()), said, `seed ${seed}, run ${run}`);
  }
  return { refused, decided: runs - refused };
}
