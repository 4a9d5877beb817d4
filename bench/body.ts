/** A decision that looks into a body, against `JSON.parse` of the same body: as a string, and from the bytes. */
import { type Compiled, compileObject } from '#src/agent/compile.js';
import { toDecision } from '#src/core/decide/answer.js';
import type { Decision, HeaderLines } from '#src/core/decide/types.js';
import { BODY_INSPECT_DEFAULT_BYTES } from '#src/core/limits.js';
import type { Engine } from '#src/wasm/engine.js';
import { loadEngine } from '#src/wasm/module.js';
import { BODY_KINDS, bodyText, TENANT } from './bodies.js';
import { compare, print, ratio, time } from './measure.js';

const HEADERS: HeaderLines = [['content-type', 'application/json']];
const CLOCK = { wallMs: 1_767_780_000_000, monotonicMs: 1_000 };
const HOW = { mode: 'enforce', forceDryRun: false } as const;
const URL_TEXT = 'https://api.example.com/v1/chat/completions';
const SIZES = [1_000, 50_000, 1_000_000] as const;

type Summary = Extract<Compiled, { ok: true }>['summary'];
interface Loaded {
  readonly engine: Engine;
  readonly summary: Summary;
}

const url = 'api.example.com/**';
const one = [{ name: 'tenant', deny: { url, body: { jsonpath: '$.meta.tenant.id', exact: TENANT } } }];
const search = [{ name: 'search', deny: { url, body: { jsonpath: '$.items[0].text', contains: 'no such words' } } }];
const fifty = [
  ...Array.from({ length: 49 }, (_, i) => ({
    name: `path-${i}`,
    deny: {
      url,
      body: { jsonpath: [`$.items[${i}].role`, `$.meta.tenant.key${i}`, `$.key${i}`][i % 3], exact: 'none' },
    },
  })),
  ...one,
];
const elsewhere = [
  { name: 'tenant', deny: { url: 'other.example.com/**', body: { jsonpath: '$.meta.tenant.id', exact: TENANT } } },
];

export function benchBody(sizes: readonly number[] = SIZES): void {
  const policies = { one: load(one), search: load(search), fifty: load(fifty), elsewhere: load(elsewhere) };
  const lines: string[] = [
    `${'body'.padEnd(24)} ${'1 rule'.padStart(9)} ${'parse'.padStart(9)} ${'decode + parse'.padStart(14)} | 1 rule, contains, 50 rules / parse | 1 rule / decode + parse | no rule looks | bar`,
  ];
  for (const size of sizes) {
    for (const kind of BODY_KINDS) {
      const text = bodyText(kind, size);
      const bytes = new TextEncoder().encode(text);
      const request = { method: 'POST', url: URL_TEXT, headers: HEADERS, body: { kind: 'bytes', bytes } } as const;
      const decide = ({ engine }: Loaded): unknown => engine.decide(request, 'agent', CLOCK);
      agree(kind, policies.one, request, 'tenant');
      agree(kind, policies.fifty, request, 'tenant');
      agree(kind, policies.search, request, null);
      agree(kind, policies.elsewhere, request, null);
      const decoder = new TextDecoder('utf-8', { fatal: true });
      // The string as a program would hold it after decoding: of one byte a character where that is possible.
      const held = decoder.decode(bytes);
      const rows = compare(
        [
          { name: 'one', run: () => decide(policies.one) },
          { name: 'search', run: () => decide(policies.search) },
          { name: 'fifty', run: () => decide(policies.fifty) },
          { name: 'elsewhere', run: () => decide(policies.elsewhere) },
          { name: 'parse', run: () => JSON.parse(held) },
          { name: 'decode', run: () => JSON.parse(decoder.decode(bytes)) },
        ],
        Math.max(8, Math.floor(5_000_000 / size)),
        7,
      );
      const [ours, found, many, none, parse, decoded] = rows.map(row => row.ns) as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const bar = kind === 'structure' ? 0.25 : size <= 1_000 ? 0.5 : 0.4;
      lines.push(
        `${`${kind} ${size / 1_000} KB`.padEnd(24)} ${time(ours).padStart(9)} ${time(parse).padStart(9)} ${time(decoded).padStart(14)} | ` +
          `${ratio(ours, parse)} ${ratio(found, parse)} ${ratio(many, parse)} | ${ratio(ours, decoded)} | ${time(none)} | ${ours <= bar * parse ? 'within' : 'OVER'} ${bar}×`,
      );
    }
  }
  print('one decision that looks into a body, against JSON.parse', lines);
}

function load(rules: readonly object[]): Loaded {
  const compiled = compileObject(JSON.stringify({ default: 'allow', rules }));
  if (!compiled.ok) throw new Error(compiled.issues[0]?.message);
  const { program, summary } = compiled;
  return { engine: loadEngine().instantiate(program, { inspectBytes: BODY_INSPECT_DEFAULT_BYTES * 2 }), summary };
}

/** A contender that answers something else measures something else. */
function agree(
  kind: string,
  { engine, summary }: Loaded,
  request: Parameters<Engine['decide']>[0],
  rule: string | null,
): void {
  const decision: Decision | null = toDecision(engine.decide(request, 'agent', CLOCK), summary, HOW);
  if (decision?.matchedRule !== rule || decision.uncertain) {
    throw new Error(`${kind}: want ${rule}, got ${decision?.matchedRule} (${decision?.code})`);
  }
}
