import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide, load } from '../support/engine.js';

test('8 Mi stamps live at once and no more; when they have left the window there is room again', () => {
  const loaded = load('default: allow\nrules:\n  - { name: l, limit: { calls_per_hour: 1000000, per: host } }');
  const ask = (i: number, ms: number): string => decide(loaded, { url: `https://h${i % 16}.example/`, ms });
  const most = 8 * 1024 * 1024;
  for (let i = 0; i < most; i++) if (ask(i, i >> 13) !== 'default_allowed') assert.fail(`call ${i} was refused`);
  assert.equal(ask(0, 1024), 'limit_keys_exhausted l');
  assert.equal(ask(1, 3_599_999), 'limit_keys_exhausted l');
  // Another host's key: only a sweep finds what has left the window.
  assert.equal(ask(99, 3_600_999), 'default_allowed');
  const state = loaded.engine.exportLimits();
  assert.ok(state.length < 8 * most);
});

test('shadow rules take none of that room', () => {
  const loaded = load(`default: allow
rules:
  - { name: s, mode: dry_run, limit: { calls_per_hour: 1000000, per: host } }
  - { name: l, limit: { calls_per_hour: 5, per: host, url: z.example } }`);
  const ask = (url: string, ms: number): string => decide(loaded, { url, ms });
  const most = 8 * 1024 * 1024;
  for (let i = 0; i < most; i++) ask(`https://h${i % 16}.example/`, i >> 13);
  assert.equal(ask('https://h0.example/', 1024), 'default_allowed (s)');
  assert.equal(ask('https://z.example/', 1024), 'default_allowed (s)');
});
