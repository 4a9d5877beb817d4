/** docs/sdks: the sample of each page is run with its package, against a local server, and prints what stands below it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { fencedBlocks } from '../../support/fenced.js';
import { Home } from '../../support/home.js';
import { registerFlags } from '../../support/ways-out.js';
import { plain } from './site.js';
import { talking } from './talking.js';

const PAGES = ['aws-sdk', 'axios', 'got', 'ky', 'node-fetch', 'superagent', 'ws'];
const run = promisify(execFile);

for (const page of PAGES) {
  test(`docs/sdks/${page}.md`, async t => {
    const [site, forbidden] = [await talking(), await plain()];
    const blocks = fencedBlocks(`docs/sdks/${page}.md`);
    const here = (language: string): string =>
      (blocks.find(block => block.language === language)?.text ?? '')
        .replaceAll('api.internal:8080', `127.0.0.1:${site.port}`)
        .replaceAll('other.internal:8080', `127.0.0.1:${forbidden.port}`);
    const home = new Home({ 'policy.yaml': here('yaml'), 'checkrd.yaml': 'require_separation: false\n' });
    // Inside this package, so that `checkrd` resolves to it, beside the tier's own packages.
    mkdirSync('build/samples', { recursive: true });
    const folder = mkdtempSync('build/samples/guide-');
    t.after(() => {
      site.close();
      forbidden.close();
      home.remove();
      rmSync(folder, { recursive: true, force: true });
    });
    symlinkSync(resolve('test/sdk/packages/node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'agent.mjs'), here('js'));
    const flags = here('js').includes('.wrap(fetch)') ? [] : registerFlags();
    const { stdout } = await run(process.execPath, [...flags, join(folder, 'agent.mjs')], {
      env: { PATH: process.env.PATH, HOME: home.dir, CHECKRD_CONFIG_DIR: home.dir, CHECKRD_AGENT_ID: 'crm-agent' },
    });
    assert.equal(stdout, here('text'));
    assert.equal(forbidden.connections, 0);
  });
}
