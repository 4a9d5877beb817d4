// T-60 of THREAT-MODEL.md.
/** Promise: the page is one file that anybody can build again to the same bytes, and that names nobody to ask. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../support/temp.js';

const PATH = 'dist/verifier.html';
const html = readFileSync(PATH, 'utf8');
const between = (begin: string, end: string): string => html.split(begin)[1]?.split(end)[0] ?? '';
const script = between('<script>', '</script>');
const style = between('<style>', '</style>');
const hash = (text: string, form: 'hex' | 'base64'): string => createHash('sha256').update(text).digest(form);

test('the page built from another folder is the same bytes, and its SHA-256 is written beside it and printed', t => {
  const at = tempFolder(t);
  for (const room of ['page', 'core', 'crypto'])
    cpSync(join('dist', room), join(at, 'elsewhere', room), { recursive: true });
  const out = join(at, 'verifier.html');
  const build = spawnSync(process.execPath, ['src/page/build.mjs', join(at, 'elsewhere'), out], { encoding: 'utf8' });
  assert.equal(build.status, 0, build.stderr);
  assert.equal(readFileSync(out, 'utf8'), html);
  const digest = hash(html, 'hex');
  assert.ok(build.stderr.includes(`sha256 ${digest}`), build.stderr);
  for (const path of [out, PATH]) assert.equal(readFileSync(`${path}.sha256`, 'utf8'), `${digest}  verifier.html\n`);
});

test('its policy allows the one script and the one style that are in it, and nothing else', () => {
  const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(html)?.[1]?.split('; ');
  assert.deepEqual(policy, [
    "default-src 'none'",
    `script-src 'sha256-${hash(script, 'base64')}'`,
    `style-src 'sha256-${hash(style, 'base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]);
  // A policy in a meta element does not hold for what stands before it.
  assert.ok(html.indexOf('Content-Security-Policy') < html.indexOf('<style>'));
  assert.equal(html.split('<script').length, 2);
});

test('it names no address, has no way out, and makes no markup of text', () => {
  const markup = html
    .replace(script, '')
    .replace(style, '')
    .replace(/<!--[\s\S]*-->/, '');
  assert.doesNotMatch(markup, /\b(src|href|action|srcset|on\w+|style)=/);
  assert.doesNotMatch(style, /url\(|@import/);
  // What policies of pages do not govern is kept out of the script itself.
  const code = script.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
  assert.doesNotMatch(
    code,
    /\b(fetch|XMLHttpRequest|WebSocket|WebTransport|EventSource|sendBeacon|importScripts|Worker)\b/,
  );
  assert.doesNotMatch(
    code,
    /\b(RTCPeerConnection|location|history)\b|\bwindow\.open\b|\bimport\s*\(|\beval\b|\bnew Function\b/,
  );
  assert.doesNotMatch(
    code,
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|localStorage|sessionStorage|cookie/,
  );
});

test('it says whose work it contains, with their licences', () => {
  const notices = between('<!--', '-->');
  for (const name of ['@noble/ed25519', '@noble/hashes', 'fzstd'])
    assert.ok(notices.includes(`This page contains ${name}:`), name);
  assert.equal(notices.split('Permission is hereby granted').length, 4);
});

test('the package carries the page and its digest, and not the modules it was joined from', () => {
  const { files } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly files: readonly string[] };
  assert.ok(files.includes('dist') && files.includes('!dist/page'));
});
