import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ranks } from '#src/core/policy/program/rank.js';
import { both, decide, load, value } from '../support/engine.js';

/** [pattern, URL, value] where `T` both effects match, `F` none, `U` unknown, `D` a deny alone. */
const rows: readonly (readonly [pattern: string, url: string, value: string])[] = [
  // scheme
  ['a.example', 'http://a.example/', 'T'],
  ['a.example', 'https://a.example/', 'T'],
  ['a.example:*', 'http://a.example/', 'T'],
  ['a.example', 'wss://a.example/', 'T'],
  ['a.example:*', 'tcp://a.example:443/', 'F'],
  ['tcp://a.example:443', 'tcp://a.example:443/', 'T'],
  ['tcp://a.example:443', 'https://a.example/', 'F'],
  ['https://a.example', 'https://a.example/', 'T'],
  ['https://a.example', 'http://a.example/', 'F'],
  ['https://a.example', 'tool://a.example/', 'F'],
  ['a.example/tools/*', 'tool://a.example/tools/read', 'T'],
  ['a.example/tools/*', 'tool://a.example:9/tools/read', 'D'],
  ['*', 'tcp://a.example:443/', 'T'],
  ['**', 'https://a.example:8443/x/y', 'T'],
  // host
  ['a.example', 'https://b.example/', 'F'],
  ['a.example', 'https://a.example./', 'T'],
  ['A.Example', 'https://A.eXample/', 'T'],
  ['bücher.example', 'https://xn--bcher-kva.example/', 'T'],
  ['*.example', 'https://a.example/', 'T'],
  ['*.example', 'https://a.b.example/', 'F'],
  ['*.example', 'https://example/', 'F'],
  ['**.example.com', 'https://example.com/', 'F'],
  ['**.example.com', 'https://a.example.com/', 'T'],
  ['**.example.com', 'https://a.b.c.example.com/', 'T'],
  ['a.**.com', 'https://a.b.c.com/', 'T'],
  ['a.**.com', 'https://a.com/', 'F'],
  ['api-*.example.com', 'https://api-eu.example.com/', 'T'],
  ['api-*.example.com', 'https://api.example.com/', 'F'],
  ['**.b.**.c', 'https://x.b.b.y.c/', 'T'],
  ['**/x', 'https://any.example/a/b/x', 'T'],
  ['**/x', 'https://any.example:8443/x', 'T'],
  ['*/x', 'https://any.example/x', 'T'],
  ['*/x', 'https://[2001:db8::1]/x', 'T'],
  ['0x7f.1', 'https://127.0.0.1/', 'T'],
  ['127.0.0.1', 'https://2130706433/', 'T'],
  ['127.0.0.1', 'https://[::ffff:127.0.0.1]/', 'D'],
  ['127.0.0.1', 'https://[::127.0.0.1]/', 'D'],
  ['[::ffff:127.0.0.1]', 'https://[::ffff:7f00:1]/', 'T'],
  ['[::ffff:127.0.0.1]', 'https://127.0.0.1/', 'T'],
  ['[::1]', 'https://[::1]/', 'T'],
  ['0.0.0.1', 'https://[::1]/', 'F'],
  ['[2001:db8::1]', 'https://[2001:0db8:0:0:0:0:0:1]/', 'T'],
  // port
  ['a.example', 'https://a.example:8443/', 'D'],
  ['a.example:8443', 'https://a.example:8443/', 'T'],
  ['a.example:443', 'https://a.example/', 'T'],
  ['a.example:80', 'https://a.example/', 'F'],
  ['a.example:*', 'https://a.example:1/', 'T'],
  // path
  ['a.example', 'https://a.example/x', 'F'],
  ['a.example/', 'https://a.example/', 'T'],
  ['a.example/x', 'https://a.example/x', 'T'],
  ['a.example/x', 'https://a.example/x/', 'T'],
  ['a.example/x/', 'https://a.example/x', 'T'],
  ['a.example/x', 'https://a.example/X', 'F'],
  ['a.example/x', 'https://a.example/x//', 'D'],
  ['a.example/*', 'https://a.example/', 'F'],
  ['a.example/*', 'https://a.example/x', 'T'],
  ['a.example/*', 'https://a.example/x/y', 'F'],
  ['a.example/v*/x', 'https://a.example/v58/x', 'T'],
  ['a.example/*_x_*', 'https://a.example/a_x_b', 'T'],
  ['a.example/*ab*ab', 'https://a.example/xabyabzab', 'T'],
  ['a.example/**', 'https://a.example/', 'T'],
  ['a.example/**', 'https://a.example/x/y/z', 'T'],
  ['a.example/x/**', 'https://a.example/x', 'T'],
  ['a.example/x/**', 'https://a.example/y', 'F'],
  ['a.example/**/x', 'https://a.example/x', 'T'],
  ['a.example/**/x', 'https://a.example/a/x/b/x', 'T'],
  ['a.example/**/x', 'https://a.example/a/x/b', 'F'],
  ['a.example/**/x/**/y', 'https://a.example/x/x/a/y/y', 'T'],
  ['a.example/{id}', 'https://a.example/42', 'T'],
  ['a.example/{id}', 'https://a.example/contacts', 'F'],
  ['a.example/{id}', 'https://a.example/deadbee1', 'T'],
  ['a.example/{id}', 'https://a.example/deadbeef', 'F'],
  ['a.example/{id}', 'https://a.example/dead1', 'F'],
  ['a.example/{id}', 'https://a.example/123E4567-e89b-12d3-a456-426614174000', 'T'],
  ['a.example/{id}', 'https://a.example/abcdefghijklmno1', 'T'],
  ['a.example/{id}', 'https://a.example/abcdefghijklmn1', 'F'],
  ['a.example/{id}', 'https://a.example/1%', 'U'],
  ['a.example/ü', 'https://a.example/%C3%BC', 'T'],
  ['a.example/a b', 'https://a.example/a%20b', 'T'],
  // readings
  ['a.example/admin/x', 'https://a.example/admin%2Fx', 'D'],
  ['a.example/admin/x', 'https://a.example/admin%2fx', 'D'],
  ['a.example/admin', 'https://a.example/%61dmin', 'T'],
  ['a.example/admin', 'https://a.example/%2561dmin', 'D'],
  ['a.example/admin', 'https://a.example/x/%2e%2e/admin', 'T'],
  ['a.example/admin', 'https://a.example/x%2F..%2Fadmin', 'D'],
  ['a.example/admin', 'https://a.example/x/..%2Fadmin', 'D'],
  ['a.example/admin/x', 'https://a.example/admin%5Cx', 'D'],
  ['a.example/admin/x', 'https://a.example/admin//x', 'D'],
  ['a.example/admin', 'https://a.example/admin;v=1', 'D'],
  ['a.example/admin/x', 'https://a.example/admin;v=1/x', 'D'],
  ['a.example/**', 'https://a.example/admin;v=1//%2F', 'T'],
  ['a.example/x/**', 'https://a.example/x/..%2Fy', 'D'],
  // what cannot be judged
  ['a.example/x', 'https://a.example/y%ZZ', 'U'],
  ['a.example/x', 'https://a.example/y%', 'U'],
  ['a.example/x', 'https://a.example/%FF', 'U'],
  ['a.example/x', 'https://a.example/%C0%AE', 'U'],
  ['a.example/x', 'https://a.example/%00', 'U'],
  ['a.example/x', 'https://a.example/%7F', 'U'],
  ['a.example/x', 'https://a.example/%C2%85', 'U'],
  ['a.example/x', 'https://a.example/%2541%25ZZ', 'U'],
  ['a.example/**', 'https://a.example/%FF', 'T'],
  ['a.example/**/x', 'https://a.example/%FF', 'U'],
  ['**.example/x', 'https://a.example/%FF', 'U'],
  ['b.example/x', 'https://a.example/%FF', 'F'],
  ['*', 'https://a.example/%FF', 'T'],
  ['https://a.example/x', 'http://a.example/%FF', 'F'],
  // names in the tool scheme have one reading
  ['srv/tools/a', 'tool://srv/tools/a%2Fb', 'F'],
  ['srv/tools/*', 'tool://srv/tools/a%2Fb', 'T'],
  ['srv/tools/*', 'tool://srv/tools/a;b', 'T'],
];

for (const [pattern, url, wanted] of rows) {
  test(`url ${pattern} on ${url} is ${wanted}`, () => {
    assert.equal(value(both(`{ url: ${JSON.stringify(pattern)} }`), { url }), wanted);
  });
}

test('patterns that share one index are found as if each stood alone, and the most specific is named', () => {
  const patterns = [...new Set(rows.map(([pattern]) => pattern))];
  const rules = patterns.map((p, i) => `  - name: r${i}\n    deny: { url: ${JSON.stringify(p)} }`).join('\n');
  const together = load(`default: allow\nrules:\n${rules}`);
  const weight = ranks(together.policy.rules);
  const alone = patterns.map(p => both(`{ url: ${JSON.stringify(p)} }`).deny);
  for (const url of new Set(rows.map(row => row[1]))) {
    let best = { verdict: 0, rank: 0, text: 'default_allowed' };
    alone.forEach((one, i) => {
      const verdict = { 'rule_denied r': 2, 'rule_denied r ?': 1 }[decide(one, { url })] ?? 0;
      const rank = weight[i]!;
      if (verdict < best.verdict || verdict === 0 || (verdict === best.verdict && rank > best.rank)) return;
      best = { verdict, rank, text: `rule_denied r${i}${verdict === 1 ? ' ?' : ''}` };
    });
    assert.equal(decide(together, { url }), best.text, url);
  }
});

test('a dot segment that the URL parser has left is refused: Node 20 leaves those behind a segment that begins with a dot', () => {
  const open = load('default: allow\nrules: [{ name: admin, deny: { url: "*/x/admin" } }]');
  for (const url of ['https://a.example/x/.d/../admin', 'https://a.example//.d/.', 'https://a.example/a/.d/%2e%2E/x']) {
    assert.equal(decide(open, { url, raw: true }), 'request_invalid', url);
    // Whatever parser there is: the server that resolves them is not reached past the rule.
    const parsed = new URL(url).href;
    const resolved = !/\/(\.|%2e){1,2}(\/|$)/i.test(parsed);
    const wanted = resolved
      ? parsed.endsWith('/x/admin')
        ? 'rule_denied admin'
        : 'default_allowed'
      : 'request_invalid';
    assert.equal(decide(open, { url }), wanted, parsed);
  }
});
