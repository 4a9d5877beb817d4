/** Runs the samples of a page against the local server: `checkrd` is this one, the SDK is of the tier's lockfile. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fencedBlocks } from '../../../support/fenced.js';
import { Home } from '../../../support/home.js';
import { PACKAGES, type Page, type Vendor } from './vendor.js';
import { openWire } from './wire.js';

const LIBRARY = pathToFileURL(resolve('dist/index.js')).href;
const KEYS = ['OPENAI', 'ANTHROPIC', 'GROQ', 'TOGETHER', 'CO', 'MISTRAL', 'GEMINI'];

/** Below the guard: the vendor's host is the local server. */
const NETWORK = (host: string, url: string): string => `const plain = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const asked = new URL(input instanceof Request ? input.url : input);
  if (asked.host !== '${host}') throw new TypeError('no network but ${host}: ' + asked.host);
  const local = '${url}' + asked.pathname + asked.search;
  return plain(input instanceof Request ? new Request(local, input) : local, init);
};
`;

export async function runSamples<Client>(
  path: string,
  page: Page<Client>,
  vendor: Vendor<Client>,
  policy: string,
): Promise<void> {
  const blocks = fencedBlocks(path);
  const server = await openWire(vendor.wire);
  const home = new Home({ '.checkrd/policy.yaml': policy });
  mkdirSync(join(PACKAGES, 'build'), { recursive: true });
  const folder = mkdtempSync(join(PACKAGES, 'build', 'run-'));
  try {
    writeFileSync(join(folder, 'network.mjs'), NETWORK(page.host, server.url));
    let count = 0;
    for (const [at, { language, text, line }] of blocks.entries()) {
      if (language !== 'js') continue;
      count++;
      const sample = join(folder, 'sample.mjs');
      writeFileSync(sample, importing(text, { ...vendor.packages, checkrd: LIBRARY }));
      const ran = await run(folder, sample, home.dir);
      const below = blocks[at + 1];
      assert.deepEqual([below?.language, ran.out, ran.status], ['text', below?.text, 0], `${path}:${line}: ${ran.err}`);
    }
    assert.equal(count, 2, `${path} shows both forms of a denial`);
  } finally {
    await server.close();
    home.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Each name taken from where the tests have it. */
function importing(code: string, from: Readonly<Record<string, string>>): string {
  return code.replace(/ from '([^']+)';/g, (whole, name: string) => whole.replace(name, from[name] ?? name));
}

async function run(
  folder: string,
  sample: string,
  home: string,
): Promise<{ readonly out: string; readonly err: string; readonly status: unknown }> {
  const keys = Object.fromEntries(KEYS.map(name => [`${name}_API_KEY`, 'none']));
  const network = pathToFileURL(join(folder, 'network.mjs')).href;
  const child = spawn(process.execPath, ['--import', network, sample], {
    env: { PATH: process.env.PATH, HOME: home, ...keys },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 400_000,
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    out += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    err += part;
  });
  const [status] = (await once(child, 'close')) as [unknown];
  return { out, err, status };
}
