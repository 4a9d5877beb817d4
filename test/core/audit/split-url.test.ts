import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitUrl } from '#src/core/audit/decision-record.js';

const rows: readonly (readonly [href: string, parts: string | null])[] = [
  ['https://a.example/x/y?q=/z#/f', 'https a.example /x/y'],
  ['https://a.example:8443/', 'https a.example /'],
  ['http://[::1]:80/x', 'http [::1] /x'],
  ['http://[::1]/x', 'http [::1] /x'],
  ['tool://github', 'tool github /'],
  ['tool://github?a/b', 'tool github /'],
  ['tool://github#a?b/c', 'tool github /'],
  ['https://user:pass@a.example/x@y', 'https a.example /x@y'],
  ['https://one@two@a.example:1/x', 'https a.example /x'],
  ['a@b://c.example/x', 'a@b c.example /x'],
  ['data:text/plain,x', null],
  ['://a.example/', null],
];

for (const [href, parts] of rows) {
  test(`scheme, host and path of ${href}`, () => {
    const split = splitUrl(href);
    assert.equal(split === null ? null : `${split.scheme} ${split.host} ${split.path}`, parts);
  });
}
