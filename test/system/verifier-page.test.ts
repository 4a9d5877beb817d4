// T-61 of THREAT-MODEL.md.
/** Promise: the built page, in a real browser and from file://, says what `checkrd verify` says and speaks with nobody. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { toBase64 } from '#src/core/bytes.js';
import { AuditBuilder, testSigner } from '../support/audit-builder.js';
import { type Browser, noBrowser, openBrowser, type Page } from '../support/browser.js';
import { cli } from '../support/cli.js';
import { HISTORIES, LabLog } from '../support/histories.js';
import { until } from '../support/until.js';
import { fileOf } from '../support/verify-bytes.js';

const skip = noBrowser();
const PAGE = resolve('dist/verifier.html');
const folder = mkdtempSync(join(tmpdir(), 'checkrd-browser-'));
const signer = testSigner('epoch 0');
const key = toBase64(signer.publicKey);
const log = new AuditBuilder('host/crm-agent/0123456789abcdef', signer).started().decision('a').checkpoint().turn();
for (let i = 0; i < 100; i++) log.decision(`rule ${i}`);
log.checkpoint().turn().decision('c').checkpoint();
const [one, two, three] = log.files.map(fileOf) as [Uint8Array, Uint8Array, Uint8Array];
const put = (name: string, bytes: Uint8Array | string): string => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};
const whole = () => [put('audit.jsonl', three), put('audit.jsonl.2', one), put('audit.jsonl.1', two)];

/** Hears whoever calls it. It is the browser's proxy too, so that what the browser itself wants of its maker ends here. */
const calls: string[] = [];
const heard = (url = ''): void => {
  if (url.startsWith('/') || url.includes(new URL(home).host)) calls.push(url);
};
let server: Server;
let home = '';
let browser: Browser;

before(async () => {
  if (skip) return;
  server = createServer((request, response) => {
    heard(request.url);
    response.end();
  });
  server.on('connect', (request, socket) => {
    heard(request.url);
    socket.destroy();
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  home = `http://127.0.0.1:${port}`;
  browser = await openBrowser(`--proxy-server=127.0.0.1:${port}`, '--proxy-bypass-list=<-loopback>');
});
after(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

interface Opened {
  readonly page: Page;
  /** Whatever it asked for, itself included. */
  readonly requests: string[];
  readonly errors: string[];
}

async function opened(path = PAGE): Promise<Opened> {
  const page = await browser.newPage();
  const requests: string[] = [];
  const errors: string[] = [];
  page.on('request', request => requests.push(request.url()));
  page.on('pageerror', error => errors.push(String(error)));
  page.on('console', message => errors.push(message.text()));
  await page.goto(pathToFileURL(path).href);
  return { page, requests, errors };
}

interface Given {
  readonly files: readonly string[];
  readonly keys?: readonly string[];
  readonly expect?: string;
}

/** Its status line comes to say it. (The page's policy forbids the browser driver to wait inside the page.) */
async function says(page: Page, what: RegExp): Promise<void> {
  await until(String(what), async () => what.test(await page.innerText('#status')));
}

async function lists(page: Page, count: number): Promise<void> {
  const there = () => page.evaluate<number>(`document.querySelectorAll('#list li').length`);
  await until(`${count} files`, async () => (await there()) === count);
}

/** The page's report as lines, and that it asked for nothing but itself. */
async function report({ files, keys = [key], expect = '' }: Given): Promise<readonly string[]> {
  const { page, requests, errors } = await opened();
  await page.setInputFiles('#files', files);
  await lists(page, files.length);
  await page.fill('#keys', keys.join('\n'));
  await page.fill('#end', expect);
  await page.focus('#end');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#report .verdict');
  const text = await page.evaluate<string[]>(
    `[...document.querySelectorAll('#report li, #report dd, #report .verdict strong')].map(e => e.textContent)`,
  );
  assert.deepEqual(requests, [pathToFileURL(PAGE).href]);
  assert.deepEqual(errors, []);
  await page.close();
  return text;
}

/** What the command prints, in the page's form. */
async function command({ files, keys = [key], expect = '' }: Given): Promise<readonly string[]> {
  const flags = [...keys.flatMap(text => ['--key', text]), ...(expect === '' ? [] : ['--expect', expect])];
  const { out } = await cli(['verify', ...flags, ...files]);
  return out
    .trimEnd()
    .split('\n')
    .map(line => line.replaceAll(`${folder}/`, '').replace(/^(log|begins|intact|signed|end|head) +/, ''))
    .map(line => line.replace('give the key you pinned with --key', 'give the key you pinned'));
}

const edited = (): Uint8Array => Buffer.from(Buffer.from(two).toString().replace('rule 7"', 'rule 8"'));
const CASES: readonly (readonly [string, string, () => Given])[] = [
  ['an intact log', 'INTACT', () => ({ files: whole() })],
  ['a line changed', 'TAMPERED', () => ({ files: whole().with(2, put('audit.jsonl.1', edited())) })],
  ['another key', 'TAMPERED', () => ({ files: whole(), keys: [toBase64(testSigner('somebody').publicKey)] })],
  ['no key', 'CANNOT SAY', () => ({ files: whole(), keys: [] })],
  [
    'gzip',
    'INTACT',
    () => ({
      files: whole()
        .with(1, put('audit.2.gz', gzipSync(one)))
        .with(2, put('audit.1.gz', gzipSync(two))),
    }),
  ],
  ['gzip, cut short', 'CANNOT SAY', () => ({ files: [put('audit.gz', gzipSync(one).subarray(0, 900))] })],
  ['the expected end', 'INTACT', () => ({ files: whole(), expect: `${log.size}:${log.root()}` })],
  ['a shortened end', 'TAMPERED', () => ({ files: whole().slice(1), expect: `${log.size}:${log.root()}` })],
  [
    'what would be markup',
    'TAMPERED',
    () => ({ files: [...whole(), put('<img src=x onerror=alert(1)>', '{"<b>"\u0007\n')] }),
  ],
];

for (const [name, verdict, given] of CASES) {
  test(`${name}: ${verdict}, in the words of the command`, { skip }, async () => {
    const asked = given();
    const page = await report(asked);
    const said = await command(asked);
    assert.deepEqual([...page].sort(), [...said].sort());
    assert.ok(
      page.some(line => line.startsWith(verdict)),
      page.join('\n'),
    );
  });
}

test('a real log, rotated, with its state file and its key dropped on the page', { skip }, async t => {
  const lab = new LabLog();
  t.after(() => lab.remove());
  HISTORIES.find(({ name }) => name === 'rotated')?.run(lab);
  const { page, requests } = await opened();
  const files = [...lab.files(), `${lab.path}.state`, `${lab.path}.epochs`, lab.key].map(path => [
    path.split('/').at(-1),
    readFileSync(path, 'utf8'),
  ]);
  await page.evaluate(`(() => {
    const dropped = new DataTransfer();
    for (const [name, text] of ${JSON.stringify(files)}) dropped.items.add(new File([text], name));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, bubbles: true, cancelable: true }));
  })()`);
  await lists(page, files.length - 1);
  await page.click('#go');
  await page.waitForSelector('#report .verdict');
  assert.match(await page.innerText('#report'), /^INTACT[\s\S]*attested by audit\.jsonl\.state/);
  assert.equal(requests.length, 1);
  await page.close();
});

test('with the keyboard alone, from the first field to the report', { skip }, async () => {
  const { page } = await opened();
  await page.setInputFiles('#files', whole());
  await lists(page, 3);
  const order: string[] = [];
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press('Tab');
    order.push(await page.evaluate<string>('document.activeElement.id || document.activeElement.textContent'));
  }
  assert.deepEqual(order, ['files', 'Remove', 'Remove', 'Remove', 'keys', 'end', 'go', 'clear']);
  await page.focus('#go');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#report .verdict');
  assert.equal(await page.evaluate('document.activeElement.id'), 'report');
  // Another input makes the report another's.
  await page.fill('#keys', key);
  assert.equal(await page.innerText('#report'), '');
  await page.close();
});

test('a large file: progress is shown, the page answers meanwhile, and stopping concludes nothing', {
  skip,
}, async () => {
  const { page } = await opened();
  await page.setInputFiles('#files', [put('large.jsonl', `${'{"x":1}'.padEnd(500)}\n`.repeat(200_000)), ...whole()]);
  await page.fill('#keys', key);
  // Somebody on the page itself, whose turn comes only if the page answers: from here it may be over before it is seen.
  await page.evaluate(`(() => {
    const looks = setInterval(() => {
      if (!/^[1-9].* of 10.* read$/.test(document.getElementById('status').innerText)) return;
      clearInterval(looks);
      document.getElementById('stop').click();
    }, 1);
  })()`);
  await page.click('#go');
  await says(page, /^Stopped\. Nothing is concluded\.$/);
  assert.equal(await page.innerText('#report'), '');
  await page.close();
});

test('what is wrong with an input is said, and nothing is concluded', { skip }, async () => {
  const { page } = await opened();
  await page.click('#go');
  await says(page, /nothing to verify/);
  await page.setInputFiles('#files', [...whole(), put('origin.key', key)]);
  await says(page, /secret key/);
  await page.fill('#keys', 'hello');
  await page.click('#go');
  await says(page, /no usable Ed25519.*Nothing is concluded/);
  assert.equal(await page.innerText('#report'), '');
  await page.close();
});

/** Each way out of a page that its policy governs. */
const WAYS = (home: string): readonly string[] => [
  `fetch('${home}/fetch').catch(() => {})`,
  `new Promise(done => { const x = new XMLHttpRequest(); x.onloadend = done; x.open('GET', '${home}/xhr'); x.send(); }).catch(() => {})`,
  `navigator.sendBeacon('${home}/beacon')`,
  `new Promise(done => { const i = new Image(); i.onload = i.onerror = done; i.src = '${home}/image'; })`,
  `new Promise(done => { const s = new WebSocket('${home.replace('http', 'ws')}/socket'); s.onerror = s.onclose = done; })`,
  `new Promise(done => { const s = new EventSource('${home}/events'); s.onerror = done; })`,
  `new Promise(done => { const f = document.createElement('iframe'); f.onload = f.onerror = done; f.src = '${home}/frame'; document.body.append(f); setTimeout(done, 300); })`,
  `new Promise(done => { const l = document.createElement('link'); l.rel = 'stylesheet'; l.onload = l.onerror = done; l.href = '${home}/style'; document.head.append(l); })`,
  `new Promise(done => { const l = document.createElement('link'); l.rel = 'prefetch'; l.href = '${home}/prefetch'; document.head.append(l); setTimeout(done, 300); })`,
  `new Promise(done => { const f = document.createElement('form'); f.action = '${home}/form'; document.body.append(f); f.submit(); setTimeout(done, 300); })`,
  `(() => { document.body.style.backgroundImage = 'url(${home}/background)'; })()`,
  `(() => { const a = new Audio('${home}/audio'); return a.play().catch(() => {}); })()`,
];

test('the page’s policy stops every call home, and a script that was put into it', { skip }, async () => {
  const { page } = await opened();
  for (const way of WAYS(home)) await page.evaluate(`(async () => { try { await ${way}; } catch {} })()`);
  const ran = await page.evaluate<string[]>(`(() => {
    const ran = [];
    window.ran = ran;
    const tries = {
      inline() { const s = document.createElement('script'); s.textContent = 'ran.push("inline")'; document.body.append(s); },
      remote() { const s = document.createElement('script'); s.src = '${home}/script'; document.body.append(s); },
      markup() { document.body.innerHTML += '<img src=x onerror="ran.push(\\'markup\\')">'; },
      handler() { document.body.setAttribute('onclick', 'ran.push("handler")'); document.body.click(); },
      timer() { setTimeout('ran.push("timer")'); },
      worker() { new Worker(URL.createObjectURL(new Blob(['']))); ran.push('worker'); },
    };
    for (const name of Object.keys(tries)) try { tries[name](); } catch {}
    return new Promise(done => setTimeout(() => done(ran), 200));
  })()`);
  assert.deepEqual(ran, []);
  assert.deepEqual(calls, []);
  await page.close();
  // The same tries reach home from a page without the policy: the trap works.
  const open = await opened(put('open.html', '<!doctype html><body></body>'));
  for (const way of WAYS(home).slice(0, 4))
    await open.page.evaluate(`(async () => { try { await ${way}; } catch {} })()`);
  assert.ok(calls.length >= 3, calls.join());
  await open.page.close();
});

test('a page whose script was changed, and not its policy, does nothing', { skip }, async () => {
  const html = readFileSync(PAGE, 'utf8');
  const changed = put('changed.html', html.replace("'TAMPERED'", "'INTACT'"));
  assert.notEqual(readFileSync(changed, 'utf8'), html);
  const { page } = await opened(changed);
  await page.setInputFiles('#files', [put('audit.jsonl', edited())]);
  await page.fill('#keys', key);
  await page.evaluate(`document.getElementById('go').click()`);
  assert.equal(await page.innerText('#report'), '');
  assert.equal(await page.innerText('#list'), '');
  await page.close();
});
