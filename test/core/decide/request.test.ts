// T-25 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkRequest } from '#src/core/decide/request.js';
import type { HeaderLines } from '#src/core/decide/types.js';
import { decide, load } from '../../support/engine.js';
import { vectors } from '../../support/vectors.js';

type Row = readonly [url: string, headers: HeaderLines, normal: string | null];
const rows: readonly Row[] = [
  ['https://A.Example/x/../y?q#f', [], 'https://a.example/y?q'],
  ['https://a.example', [], 'https://a.example/'],
  ['https://a.example.:443/', [], 'https://a.example./'],
  ['HTTP://0x7f.1/', [], 'http://127.0.0.1/'],
  ['ws://a.example/s', [], 'ws://a.example/s'],
  ['tcp://A.Example:443', [], 'tcp://a.example:443/'],
  ['tcp://0x7f.1:80/', [], 'tcp://127.0.0.1:80/'],
  ['tcp://[::FFFF:1.2.3.4]:80/', [], 'tcp://[::ffff:102:304]:80/'],
  ['tcp://%61.example:1/', [], 'tcp://a.example:1/'],
  ['tool://GitHub/tools/a%2Fb', [], 'tool://github/tools/a%2Fb'],
  ['tool://my_server/tools/x', [], 'tool://my_server/tools/x'],
  ['tool://a%2Fb/tools/x', [], null],
  ['tool:read', [], null],
  ['tcp:443', [], null],
  ['tcp:///x', [], null],
  ['/relative', [], null],
  ['', [], null],
  ['ftp://a.example/', [], null],
  ['data:text/plain,x', [], null],
  ['file:///etc/passwd', [], null],
  ['https://u@a.example/', [], null],
  ['https://:p@a.example/', [], null],
  ['tcp://u@a.example:1/', [], null],
  ['https://a..example/', [], null],
  ['https://a.example../', [], null],
  ['https://./', [], null],
  [`https://a.example/${'x'.repeat(16_384)}`, [], null],
  [`https://a.example/${'x'.repeat(100_000)}`, [], null],
  [`https://a.example${'/x'.repeat(256)}`, [], `https://a.example${'/x'.repeat(256)}`],
  [`https://a.example${'/x'.repeat(256)}/`, [], `https://a.example${'/x'.repeat(256)}/`],
  [`https://a.example${'/x'.repeat(257)}`, [], null],
  ['https://a.example/', [['Host', 'A.example']], 'https://a.example/'],
  ['https://a.example/', [['host', 'a.example:443']], 'https://a.example/'],
  ['https://a.example/', [['host', 'a.example.']], 'https://a.example/'],
  ['https://a.example:8443/', [['host', 'a.example:8443']], 'https://a.example:8443/'],
  ['wss://a.example/', [['host', 'a.example:443']], 'wss://a.example/'],
  ['tcp://a.example:25/', [['host', 'a.example:25']], 'tcp://a.example:25/'],
  ['https://a.example/', [['host', 'a.example:80']], null],
  ['https://a.example:8443/', [['host', 'a.example']], null],
  ['https://a.example/', [['HOST', 'b.example']], null],
  [
    'https://a.example/',
    [
      ['host', 'a.example'],
      ['host', 'b.example'],
    ],
    null,
  ],
  ['https://a.example/', [['host', '']], null],
  ['https://a.example/', [['host', 'a.example@b.example']], null],
  ['https://a.example/', [['host', 'a.example/x']], null],
  ['https://a.example/', [['host', 'a.example, b.example']], null],
];

for (const [url, headers, normal] of rows) {
  test(`${url.slice(0, 60)} ${JSON.stringify(headers)} ${normal === null ? 'cannot be judged' : 'can be judged'}`, () => {
    const checked = checkRequest('GET', url, headers);
    assert.equal(checked.ok ? checked.url : null, normal);
  });
}

for (const method of ['', 'a b', 'GET\r\n', 'é', 'x'.repeat(65)]) {
  test(`the method ${JSON.stringify(method.slice(0, 8))} is no token`, () => {
    assert.equal(checkRequest(method, 'https://a.example/', []).ok, false);
  });
}

test('host and path are as they are matched', () => {
  const checked = checkRequest('GET', 'https://A.Example.:443/x?y', []);
  assert.deepEqual(checked.ok && [checked.scheme, checked.host, checked.path], ['https', 'a.example', '/x']);
});

const file = vectors('url', 'urltestdata.json');
test('whatever can be judged here, the engine can judge', { skip: file.skip }, () => {
  const engine = load('default: allow\nrules: []');
  const cases: readonly unknown[] = JSON.parse(readFileSync(file.path, 'utf8'));
  let judged = 0;
  for (const one of cases) {
    if (typeof one !== 'object' || one === null || !('input' in one) || typeof one.input !== 'string') continue;
    const checked = checkRequest('GET', one.input, []);
    if (!checked.ok) continue;
    judged++;
    assert.equal(decide(engine, { url: checked.url, raw: true }), 'default_allowed', checked.url);
  }
  assert.ok(judged > 100, `${judged} judged`);
});
