/** A site whose engine file the test replaces. */
import { renameSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { DaemonHome } from './daemon-home.js';
import type { Home } from './home.js';
import { ODD_METHOD, pinnedBytes } from './odd-engines.js';
import { ann, bob } from './signed-site.js';

export const ENGINE_POLICY = `default: deny
rules:
  - { name: reads, allow: { method: GET } }
  - { name: few, limit: { method: GET, url: "few.test/**", calls_per_hour: 2, per: agent } }
tests:
  - { name: odd, request: { method: ${ODD_METHOD}, url: "https://a.example/" }, expect: { result: deny } }
`;
const SETTINGS = 'engine: engine.wasm\ndaemon: { agents: [{ id: crm }], drain_timeout: 1 }\n';

/** A daemon's: Ann signs policies, Bob engines. */
export function engineSite(t: TestContext) {
  const home = new DaemonHome(t, { 'policy.yaml': ENGINE_POLICY, 'checkrd.yaml': SETTINGS });
  home.write('trust/ann.pub', ann.pub);
  home.write('trust/engine/bob.pub', bob.pub);
  home.write('engine.wasm', pinnedBytes());
  return home;
}

/** As an operator replaces both: the envelope first, each by a rename. */
export function putEngine(home: Home, bytes: Uint8Array, envelope: string | null = null): void {
  if (envelope !== null) home.replace('engine.wasm.dsse', envelope);
  home.write('engine.new', bytes);
  renameSync(home.path('engine.new'), home.path('engine.wasm'));
}

/** What its log says of engines: `loaded <SHA-256>`, or a code instead. */
export function engineRecords(home: Home, log = 'daemon'): readonly string[] {
  return home
    .records(log)
    .filter(({ type }) => type === 'engine_loaded' || type === 'engine_rejected')
    .map(({ engine_sha256: sha256, error = 'loaded' }) => `${error} ${sha256}`);
}
