/** Lints of many rules against what reading them takes: a lint that compares every pair would be seen here. */
import { lintPolicy } from '#src/core/policy/lint/lint.js';
import { readPolicyObject } from '#src/core/policy/read.js';
import { compare, print, ratio, time } from './measure.js';

const RULES = 10_000;

const CROWDS: readonly (readonly [what: string, rule: (i: number) => object])[] = [
  [
    'hosts and limits',
    i => (i % 3 === 0 ? { limit: { calls_per_day: 5, per: 'host', url: host(i) } } : { url: host(i) }),
  ],
  ['wildcards', i => ({ url: `*/p${i}/**` })],
  ['names of tools', i => ({ tool: [`t${i}/*`, `u${i}`], args: { jsonpath: `$.p${i % 100}`, prefix: `/${i}` } })],
  ['searches', i => ({ url: '*/**', body: { jsonpath: `$.f${i % 100}`, regex: `^a${i % 50}[a-z]{3}` } })],
];

const host = (i: number): string => (i % 2 === 0 ? `*.h${i}.test/**` : `**.h${i}.test/a`);

export function benchLint(): void {
  const lines = CROWDS.map(([what, rule]) => {
    const rules = Array.from({ length: RULES }, (_, i) => {
      const made = rule(i);
      return { name: `r${i}`, ...('limit' in made ? made : { [i % 2 ? 'allow' : 'deny']: made }) };
    });
    const text = JSON.stringify({ default: 'deny', rules });
    const reading = readPolicyObject(text);
    if (!reading.ok) throw new Error(reading.issues[0]?.message);
    const { policy } = reading;
    const [lint, read] = compare(
      [
        { name: 'lint', run: () => lintPolicy(policy, null).length },
        { name: 'read', run: () => readPolicyObject(text).ok },
      ],
      1,
      5,
    ).map(row => row.ns) as [number, number];
    return `${what}: lints ${time(lint)}, reading ${time(read)}: ${ratio(lint, read)} (expected ≤ 3×; hundreds if every pair were compared)`;
  });
  print(`lints of ${RULES} rules`, lines);
}
