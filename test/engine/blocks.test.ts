/** URLs are read sixteen bytes at a time: what counts must count wherever in a block it stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide, load } from '../support/engine.js';

const all = load('default: allow\nrules: []');
const code = (url: string): string => decide(all, { url, raw: true });
const PADS = Array.from({ length: 50 }, (_, i) => 'a'.repeat(i));

test('a host is judged byte by byte at every place', () => {
  for (const pad of PADS) {
    for (const scheme of ['https', 'http', 'wss']) {
      for (const host of ['b', 'b.c', '-', '_', '~', 'b.', '1.2.3.4', "!$&'()*+,;=`{}"]) {
        assert.equal(code(`${scheme}://${pad}${host}/x`), 'default_allowed', `${pad}${host}`);
        assert.equal(code(`${scheme}://${pad}${host}:8080/x`), 'default_allowed', `${pad}${host}:8080`);
      }
      for (const host of [
        '..',
        'b..c',
        'B',
        '%41',
        'b%',
        '^',
        '|',
        '@b',
        'b@c',
        ']',
        '[',
        ':',
        ':x',
        ':80:80',
        ':80a',
        ':65536',
        ':123456',
        'é',
        '\u007f',
        '<',
        ' ',
      ]) {
        assert.equal(code(`${scheme}://${pad}${host}/x`), 'request_invalid', `${pad}${host}`);
      }
    }
    assert.equal(code(`https://.${pad}b/`), 'request_invalid');
    assert.equal(code(`https://${pad}[::1]/`), pad === '' ? 'default_allowed' : 'request_invalid');
    assert.equal(code(`https://[::1]${pad}/`), pad === '' ? 'default_allowed' : 'request_invalid');
    assert.equal(code(`https://[::1]:8080${pad}/`), pad === '' ? 'default_allowed' : 'request_invalid');
    assert.equal(code(`https://[::1${pad}/`), 'request_invalid');
  }
  for (const url of ['https://', 'https:///', 'https:///x', 'https://.', 'https://./', 'https://:443/']) {
    assert.equal(code(url), 'request_invalid', url);
  }
});

test('dot segments are refused and empty ones read in both ways at every place', () => {
  const rules = (path: string) => load(`default: allow\nrules:\n  - { name: no, deny: { url: "a.test${path}" } }`);
  for (const pad of PADS) {
    const start = `https://a.test/${pad}`;
    for (const dots of ['.', '..', '%2e', '%2E.', '.%2e']) {
      assert.equal(code(`${start}/${dots}`), 'request_invalid', `${pad}/${dots}`);
      assert.equal(code(`${start}/${dots}/x`), 'request_invalid', `${pad}/${dots}/x`);
    }
    for (const name of ['.x', '...', '..x', 'x.', '%2ex']) assert.equal(code(`${start}/${name}`), 'default_allowed');
    assert.equal(code(`${start}\\x`), 'request_invalid');
    const denied = rules(`/${pad}b/x`);
    const deny = 'rule_denied no';
    for (const path of [
      'b/x',
      'b/x/',
      'b//x',
      'b///x',
      'b/%78',
      'b/x;y',
      'b%2fx',
      'b;y/x',
      'b/x?q',
      'b/x/?q=/',
      'b/x#/y',
    ]) {
      assert.equal(decide(denied, { url: `${start}${path}`, raw: true }), deny, `${pad} ${path}`);
    }
    for (const path of ['b', 'b/', 'b/x/y', 'b/xx', 'bb/x', '/b/y', 'b?/x', 'b#/x']) {
      assert.equal(decide(denied, { url: `${start}${path}`, raw: true }), 'default_allowed', `${pad} ${path}`);
    }
  }
});

test('256 segments are judged and 257 are not', () => {
  for (const part of ['/a', '/aaaaaaaaaaaaaaaa', '/a%20']) {
    assert.equal(code(`https://a.test${part.repeat(256)}`), 'default_allowed');
    assert.equal(code(`https://a.test${part.repeat(256)}/`), 'default_allowed');
    assert.equal(code(`https://a.test${part.repeat(257)}`), 'request_invalid');
  }
});

test('an engine that has answered other requests answers like a new one', () => {
  const policy = `
default: deny
rules:
  - { name: get, allow: { method: GET, url: "*", headers: [{ name: x-a, exact: one }, { name: x-b, exact: two }] } }
  - { name: twice, deny: { url: "*", headers: [{ name: x-a, contains: "e, o" }] } }
  - { name: post, allow: { method: POST, url: "*" } }`;
  const used = load(policy);
  const lines = [
    ['X-A', 'one'],
    ['x-b', 'two'],
    ['x-b', 'two, more'],
    ['x-a', 'o'],
    ['x-c', 'one'],
    ['x-b', 'one'],
    ['x-a', ''],
    ['x-b', 'x'.repeat(3_000_000)],
  ] as const;
  let state = 5;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const seen = new Set<string>();
  for (let round = 0; round < 300; round++) {
    const headers = Array.from(
      { length: next(4) },
      () => lines[next(next(20) === 0 ? lines.length : 6)] as (typeof lines)[number],
    );
    const method = ['GET', 'POST', 'PUT', 'é', '', 'G'.repeat(300)][next(next(4) === 0 ? 6 : 2)] as string;
    const ask = { method, url: 'https://a.test/', headers };
    const answer = decide(used, ask);
    seen.add(answer);
    assert.equal(
      answer,
      decide(load(policy), ask),
      JSON.stringify([method, headers.map(([n, v]) => [n, v.slice(0, 20)])]),
    );
  }
  assert.deepEqual([...seen].sort(), [
    'default_denied',
    'request_invalid',
    'rule_allowed get',
    'rule_allowed post',
    'rule_denied twice',
  ]);
});
