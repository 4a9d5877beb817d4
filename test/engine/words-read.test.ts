/** Work that does not grow: what one decision reads of the program, as the rules that cannot match become many. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { HttpRequest } from '#src/core/decide/types.js';
import { CountingModule } from '../support/counting-engine.js';
import { policyOf, programOf } from '../support/engine.js';

const FEW = 10;
const MANY = 2_000;
const MOST_GROWTH = 1.5;

type Rule = Readonly<Record<string, unknown>>;

const JSON_BODY = new TextEncoder().encode('{"model":"m-1","amount":5,"items":[{"id":1},{"id":2}]}');

function request(url: string, body: Uint8Array | null = null): HttpRequest {
  return {
    method: 'POST',
    url,
    headers: [['content-type', 'application/json']],
    body: body === null ? { kind: 'none' } : { kind: 'bytes', bytes: body },
  };
}

/** Each kind of crowd: rule `i`, and requests that meet rule 3, that meet none on a known host, and none at all. */
const CROWDS: Readonly<Record<string, { rule(i: number): Rule; requests: readonly HttpRequest[] }>> = {
  'ten rules a host': {
    rule: i => ({ allow: { method: ['POST'], url: `https://api${Math.floor(i / 10)}.example.com/v1/*/thing${i}` } }),
    requests: [
      request('https://api0.example.com/v1/a/thing3'),
      request('https://api0.example.com/v1/a/nothing'),
      request('https://elsewhere.example.net/v1/a/thing3'),
    ],
  },
  'all rules on one host': {
    rule: i => ({ deny: { method: ['POST'], url: `https://api.example.com/v1/*/thing${i}/**` } }),
    requests: [
      request('https://api.example.com/v1/a/thing3/x'),
      request('https://api.example.com/v1/a/nothing/x'),
      request('https://elsewhere.example.net/v1/a/thing3'),
    ],
  },
  'all rules on one host, each with a look into the body': {
    rule: i => ({ deny: { url: `https://api.example.com/thing${i}`, body: { jsonpath: `$.amount`, min: 1_000 + i } } }),
    requests: [
      request('https://api.example.com/thing3', JSON_BODY),
      request('https://api.example.com/nothing', JSON_BODY),
    ],
  },
  'wildcard hosts': {
    rule: i => ({ allow: { url: `https://*.zone${i}.example.com/v1/**` } }),
    requests: [request('https://a.zone3.example.com/v1/x'), request('https://a.nowhere.example.com/v1/x')],
  },
  'limits on one host': {
    rule: i => ({ limit: { calls_per_hour: 1_000, per: 'agent' }, url: `https://api.example.com/v2/thing${i}` }),
    requests: [request('https://api.example.com/v2/thing3'), request('https://api.example.com/v2/nothing')],
  },
};

describe('what a decision reads does not grow with rules that cannot match', () => {
  let module: CountingModule;
  before(async () => {
    module = await CountingModule.make();
  });

  for (const [name, { rule, requests }] of Object.entries(CROWDS)) {
    test(name, t => {
      const counting = (rules: number) => {
        const policy = {
          default: 'deny',
          rules: Array.from({ length: rules }, (_, i) => ({ name: `r${i}`, ...rule(i) })),
        };
        return module.load(programOf(policyOf(JSON.stringify(policy))));
      };
      const few = counting(FEW);
      const many = counting(MANY);
      for (const [i, asked] of requests.entries()) {
        const inFew = few.wordsRead(asked);
        const inMany = many.wordsRead(asked);
        t.diagnostic(`request ${i}: ${inFew} words among ${FEW} rules, ${inMany} among ${MANY}`);
        assert.ok(inFew > (i === 0 ? 50 : 0), 'the count counts');
        assert.ok(inMany <= inFew * MOST_GROWTH, `request ${i}: ${inFew} → ${inMany} words`);
      }
    });
  }
});
