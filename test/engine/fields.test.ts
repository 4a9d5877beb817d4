import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderLines } from '#src/core/decide/types.js';
import { both, value } from '../support/engine.js';

const U = 'https://a.example/';

type Row = readonly [
  matcher: string,
  ask: { method?: string; q?: string; h?: HeaderLines; at?: string },
  value: string,
];

const methods: readonly Row[] = [
  ['method: GET', {}, 'T'],
  ['method: GET', { method: 'get' }, 'T'],
  ['method: [post, put]', { method: 'PUT' }, 'T'],
  ['method: POST', {}, 'F'],
  ['method: "*"', { method: 'PURGE' }, 'T'],
  ['method: GET', { method: 'PURGE' }, 'F'],
  // overrides
  ['method: DELETE', { method: 'POST', h: [['X-HTTP-Method-Override', 'delete']] }, 'D'],
  ['method: DELETE', { method: 'POST', h: [['x-http-method', 'DELETE']] }, 'D'],
  ['method: DELETE', { method: 'POST', h: [['X-Method-Override', 'PUT, DELETE']] }, 'D'],
  ['method: POST', { method: 'POST', h: [['X-Method-Override', 'PATCH']] }, 'D'],
  ['method: [POST, PATCH]', { method: 'POST', h: [['X-Method-Override', 'patch']] }, 'T'],
  ['method: "*"', { method: 'POST', h: [['X-Method-Override', 'PATCH']] }, 'T'],
  ['method: DELETE', { method: 'POST', h: [['X-Method-Override', 'a b']] }, 'U'],
  ['method: DELETE', { method: 'POST', h: [['X-Method-Override', '']] }, 'U'],
  ['method: DELETE', { method: 'POST', h: [['X-Method-Override', 'PUT,']] }, 'U'],
  ['method: "*"', { method: 'POST', h: [['X-Method-Override', 'a b']] }, 'D'],
  [
    'method: DELETE',
    {
      method: 'POST',
      h: [
        ['X-Method-Override', 'PUT'],
        ['x-method-override', 'DELETE'],
      ],
    },
    'D',
  ],
  ['method: DELETE', { method: 'POST', q: '_method=delete' }, 'D'],
  ['method: DELETE', { method: 'POST', q: 'a=1&_method=PUT&_method=DELETE' }, 'D'],
  ['method: DELETE', { method: 'POST', q: '%5Fmethod=DEL%45TE' }, 'D'],
  ['method: DELETE', { method: 'POST', q: '_Method=DELETE' }, 'F'],
  ['method: DELETE', { method: 'POST', q: '_method=%ZZ' }, 'U'],
  ['method: DELETE', { method: 'POST', q: '%ZZ=DELETE' }, 'U'],
  ['method: DELETE', { method: 'POST', q: '_method' }, 'U'],
];

const query: readonly Row[] = [
  ['query: [{ name: a }]', { q: 'a=1' }, 'T'],
  ['query: [{ name: a }]', { q: 'a' }, 'T'],
  ['query: [{ name: a }]', { q: 'A=1' }, 'F'],
  ['query: [{ name: a }]', {}, 'F'],
  ['query: [{ name: a, present: false }]', {}, 'T'],
  ['query: [{ name: a, present: false }]', { q: 'a=' }, 'F'],
  ['query: [{ name: a, present: false }]', { q: '%FF=1' }, 'U'],
  ['query: [{ name: a, exact: "" }]', { q: 'a' }, 'T'],
  ['query: [{ name: a, exact: "1" }]', { q: 'a=1&a=2' }, 'D'],
  ['query: [{ name: a, exact: "1" }]', { q: 'a=1&a=1' }, 'T'],
  ['query: [{ name: a, exact: "x y" }]', { q: 'a=x+y' }, 'T'],
  ['query: [{ name: a, exact: "x y" }]', { q: 'a=x%20y' }, 'T'],
  ['query: [{ name: a, exact: "ü" }]', { q: 'a=%C3%BC' }, 'T'],
  ['query: [{ name: a, exact: "1" }]', { q: 'a=%FF' }, 'U'],
  ['query: [{ name: a, exact: "1" }]', { q: 'a=1&a=%ZZ' }, 'D'],
  ['query: [{ name: a, exact: "1" }]', { q: '%ZZ=1' }, 'U'],
  ['query: [{ name: a, exact: "1" }]', { q: 'b=1' }, 'F'],
  ['query: [{ name: a, in: [x, yy, zzz] }]', { q: 'a=yy' }, 'T'],
  ['query: [{ name: a, in: [x, yy, zzz] }]', { q: 'a=zz' }, 'F'],
  ['query: [{ name: a, prefix: "ab" }]', { q: 'a=abc' }, 'T'],
  ['query: [{ name: a, suffix: "bc" }]', { q: 'a=abc' }, 'T'],
  ['query: [{ name: a, contains: "b" }]', { q: 'a=abc' }, 'T'],
  ['query: [{ name: a, contains: "bd" }]', { q: 'a=abc' }, 'F'],
  ['query: [{ name: a, prefix: "a", suffix: "z" }]', { q: 'a=abc' }, 'F'],
  ['query: [{ name: a }, { name: b }]', { q: 'a=1' }, 'F'],
  ['query: [{ name: "x&y", exact: "=" }]', { q: 'x%26y==' }, 'T'],
];

const headers: readonly Row[] = [
  ['headers: [{ name: X-A }]', { h: [['x-a', '1']] }, 'T'],
  ['headers: [{ name: X-A }]', {}, 'F'],
  ['headers: [{ name: X-A, present: false }]', {}, 'T'],
  ['headers: [{ name: X-A, present: false }]', { h: [['X-a', '']] }, 'F'],
  ['headers: [{ name: X-A, exact: "1" }]', { h: [['X-A', '1']] }, 'T'],
  ['headers: [{ name: X-A, exact: "1" }]', { h: [['X-A', '1, 2']] }, 'D'],
  [
    'headers: [{ name: X-A, exact: "1, 2" }]',
    {
      h: [
        ['X-A', '1'],
        ['x-a', '2'],
      ],
    },
    'D',
  ],
  ['headers: [{ name: X-A, exact: "1, 2" }]', { h: [['X-A', '1, 2']] }, 'T'],
  [
    'headers: [{ name: X-A, prefix: "1" }]',
    {
      h: [
        ['X-A', '1'],
        ['x-a', '12'],
      ],
    },
    'T',
  ],
  [
    'headers: [{ name: X-A, in: ["1", "2"] }]',
    {
      h: [
        ['X-A', '3'],
        ['x-a', '2'],
      ],
    },
    'D',
  ],
  ['headers: [{ name: X-A, exact: "ü" }]', { h: [['X-A', 'ü']] }, 'T'],
  ['headers: [{ name: X-A, exact: "1" }]', { h: [['X-B', '1']] }, 'F'],
];

const at = (time: string): Row[1] => ({ at: `2026-01-07T${time}:00Z` });
const times: readonly Row[] = [
  ['time_within: "09:00-17:00"', at('08:59'), 'F'],
  ['time_within: "09:00-17:00"', at('09:00'), 'T'],
  ['time_within: "09:00-17:00"', at('16:59'), 'T'],
  ['time_within: "09:00-17:00"', at('17:00'), 'F'],
  ['time_outside: "09:00-17:00"', at('17:00'), 'T'],
  ['time_outside: "09:00-17:00"', at('12:00'), 'F'],
  ['time_within: "22:00-06:00"', at('23:00'), 'T'],
  ['time_within: "22:00-06:00"', at('05:59'), 'T'],
  ['time_within: "22:00-06:00"', at('06:00'), 'F'],
  ['time_within: "18:00-24:00"', at('23:59'), 'T'],
  ['time_within: "18:00-24:00"', at('00:00'), 'F'],
  ['time_within: "09:00-17:00", timezone: "+02:00"', at('07:00'), 'T'],
  ['time_within: "09:00-17:00", timezone: "+02:00"', at('15:00'), 'F'],
  ['time_within: "09:00-17:00", timezone: "-05:30"', at('14:29'), 'F'],
  ['time_within: "09:00-17:00", timezone: "-05:30"', at('14:30'), 'T'],
];

for (const [matcher, ask, wanted] of [...methods, ...query, ...headers, ...times]) {
  test(`${matcher} on ${JSON.stringify(ask)} is ${wanted}`, () => {
    const got = value(both(`{ ${matcher} }`), {
      url: ask.q === undefined ? U : `${U}?${ask.q}`,
      headers: ask.h ?? [],
      ...(ask.method === undefined ? {} : { method: ask.method }),
      ...(ask.at === undefined ? {} : { at: ask.at }),
    });
    assert.equal(got, wanted);
  });
}
