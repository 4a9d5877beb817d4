/**
 * Tries the SDKs of one page of docs/sdks in every way that is meant for them: by `wrap`, instrumented, and untouched in a process
 * that `checkrd/register` guards (there the test file runs itself again). The page's policy is the policy, its samples are run.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Checkrd, type OnDenied } from 'checkrd';
import { fencedBlocks } from '../../../support/fenced.js';
import { Home } from '../../../support/home.js';
import { registerFlags } from '../../../support/ways-out.js';
import { checkRow } from './row.js';
import { runSamples } from './samples.js';
import { type Form, tryAll, tryBefore, tryDenied } from './try-vendor.js';
import { type Modules, PACKAGES, type Page, type Vendor } from './vendor.js';
import { openWire, type WireServer } from './wire.js';

const AGENT = 'crm-agent';
/** Set in the process that is guarded from outside. */
const UNTOUCHED = 'CHECKRD_TEST_UNTOUCHED';
const nodeMajor = Number(process.versions.node.split('.')[0]);
const FORMS: Readonly<Record<Form, OnDenied>> = { thrown: 'throw', answered: 'response' };

/** @param file The test file itself, as a URL. */
export async function tryPage<Client>(page: Page<Client>, file: string): Promise<void> {
  const vendors = page.vendors.filter(({ needsNode = 0 }) => nodeMajor >= needsNode);
  if (process.env[UNTOUCHED] !== undefined) {
    for (const vendor of vendors) await tryUntouched(page, vendor);
    return;
  }
  const path = `docs/sdks/${page.name}.md`;
  const policy = fencedBlocks(path).find(({ language }) => language === 'yaml')?.text ?? '';
  const local = policy.replaceAll(`"${page.host}/`, '"http://127.0.0.1:*/');
  assert.notEqual(local, policy, `${path} has a policy for ${page.host}`);

  // Processes of their own, beside what is tried in this one.
  const registered = runRegistered(file, local);
  const shown = vendors.filter(({ isSecond }) => isSecond !== true);
  const samples = shown.map(vendor => settled(runSamples(path, page, vendor, policy)));
  for (const vendor of vendors) await tryHere(page, vendor, local);
  test(`${page.name}: untouched under checkrd/register`, async () => {
    const { code, said } = await registered;
    assert.equal(code, 0, said);
    assert.match(said, new RegExp(`^\\S+ pass ${vendors.length}$`, 'm'));
  });
  for (const [at, vendor] of shown.entries()) {
    test(`${path}: its samples print what stands below them (${vendor.title})`, async () => (await samples[at])?.());
  }
  test(`docs/sdks/README.md: the row of ${page.name} is what was found here`, () => checkRow(page));
}

/** A failure is kept until its test asks for it. */
function settled(work: Promise<void>): Promise<() => void> {
  return work.then(
    () => () => undefined,
    error => () => {
      throw error;
    },
  );
}

async function tryHere<Client>(page: Page<Client>, vendor: Vendor<Client>, policy: string): Promise<void> {
  const modules = await load(vendor);
  const guarded = (
    title: string,
    form: Form,
    act: (checkrd: Checkrd, home: Home, server: WireServer) => Promise<void>,
  ) =>
    test(`${vendor.title}: ${title}`, async () => {
      const home = new Home({ 'policy.yaml': policy });
      const server = await openWire(vendor.wire);
      const checkrd = new Checkrd({ agentId: AGENT, configDir: home.dir, onDenied: FORMS[form] });
      try {
        await act(checkrd, home, server);
      } finally {
        checkrd.uninstrument();
        await checkrd.close();
        await server.close();
        home.remove();
      }
    });

  await guarded('given a wrapped fetch that throws', 'thrown', async (checkrd, home, server) => {
    const client = (retries?: 0): Client =>
      vendor.client(modules, { url: server.url, fetch: checkrd.wrap(fetch), ...(retries === 0 ? { retries } : {}) });
    const trial = { page, vendor, server, home, agentId: AGENT, form: 'thrown', client } as const;
    if (vendor.isSecond !== true) await tryDenied(trial);
    await tryAll(trial);
  });
  await guarded('given a wrapped fetch that answers', 'answered', async (checkrd, home, server) => {
    const client = (): Client => vendor.client(modules, { url: server.url, fetch: checkrd.wrap(fetch) });
    await tryDenied({ page, vendor, server, home, agentId: AGENT, form: 'answered', client });
  });
  await guarded('instrumented', 'answered', async (checkrd, home, server) => {
    const client = (): Client => vendor.client(modules, { url: server.url });
    const trial = { page, vendor, server, home, agentId: AGENT, form: 'answered', client } as const;
    const instrument = (...clients: readonly unknown[]): void => checkrd[page.instrument](...clients);
    await tryBefore(trial, checkrd, instrument);
    await tryAll(trial);
  });
}

/** In a process that was started under `checkrd/register`: nothing of checkrd is called. */
async function tryUntouched<Client>(page: Page<Client>, vendor: Vendor<Client>): Promise<void> {
  const modules = await load(vendor);
  const home = Object.create(Home.prototype, { dir: { value: process.env.CHECKRD_CONFIG_DIR } }) as Home;
  await test(`${vendor.title}: untouched`, async () => {
    const server = await openWire(vendor.wire);
    const client = (): Client => vendor.client(modules, { url: server.url, retries: 0 });
    await tryAll({ page, vendor, server, home, agentId: AGENT, form: 'thrown', client });
    await server.close();
  });
}

async function runRegistered(file: string, policy: string): Promise<{ readonly code: unknown; readonly said: string }> {
  const home = new Home({ 'policy.yaml': policy });
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
  const child = spawn(process.execPath, [...registerFlags(), fileURLToPath(file)], {
    env: { ...env, [UNTOUCHED]: '1', CHECKRD_CONFIG_DIR: home.dir, CHECKRD_AGENT_ID: AGENT },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 400_000,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      said += part;
    });
  }
  const [code] = (await once(child, 'close')) as [unknown];
  home.remove();
  return { code, said };
}

/** As an ES module among the packages imports them. */
async function load(vendor: { readonly packages: Readonly<Record<string, string>> }): Promise<Modules> {
  const loader = (await import(pathToFileURL(join(PACKAGES, 'load.mjs')).href)) as {
    load(name: string): Promise<unknown>;
  };
  const loaded: Record<string, unknown> = {};
  for (const [name, from] of Object.entries(vendor.packages)) loaded[name] = await loader.load(from);
  return loaded;
}
