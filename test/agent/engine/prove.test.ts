// T-84 of THREAT-MODEL.md: an engine is proven in a thread of its own before it decides.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proveEngine, proveEngineNow } from '#src/agent/engine/prove.js';
import { utf8 } from '#src/core/bytes.js';
import { engineModule } from '../../support/engine.js';
import { digest, empty, importing, ODD_METHOD, oddEngines, otherAbi, pinnedBytes } from '../../support/odd-engines.js';

const POLICY = `default: deny
rules:
  - { name: reads, allow: { method: GET } }
tests:
  - { name: odd, request: { method: ${ODD_METHOD}, url: "https://a.example/" }, expect: { result: deny } }
`;
const { compiled, sha256 } = engineModule();
const RUNNING = { compiled, sha256 };
const trial = (bytes: Uint8Array) => ({
  ...{ path: 'engine.wasm', sha256: digest(bytes), bytes, running: RUNNING, inspectBytes: 1024 },
  documents: [{ path: 'policy.yaml', bytes: utf8(POLICY) }],
});

test('what decides alike is taken, and nothing else', async () => {
  const odd = await oddEngines();
  const prove = async (bytes: Uint8Array, silentMs?: number): Promise<string> => {
    try {
      const module = await proveEngine(trial(bytes), silentMs);
      return `proven ${module.sha256 === digest(bytes)}`;
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return `${code} ${message.replace(/^.*?: /, '')}`;
    }
  };
  const pinned = pinnedBytes();
  const altered = Buffer.from(pinned);
  altered.fill(0xff, 2000, 2100);
  const table: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['rebuilt', odd('sound'), /^proven true$/],
    ['flipped', odd('flips'), /^engine_unproven case \d+ of its corpus, request \d+: `default_allowed/],
    ['trapping', odd('traps'), /^engine_unproven /],
    ['with imports', importing(), /^engine_integrity it has imports/],
    ['without exports', empty(), /^engine_integrity an export is missing/],
    ['of another ABI', otherAbi(), /^engine_integrity its ABI is another/],
    ['truncated', pinned.subarray(0, 30_000), /^engine_integrity it does not compile/],
    ['altered', altered, /^engine_(integrity|unproven) /],
    ['no WebAssembly', utf8('engine\n'), /^engine_integrity it does not compile/],
  ];
  for (const [name, bytes, wanted] of table) assert.match(await prove(bytes), wanted, name);
  assert.match(await prove(odd('hangs'), 1000), /^engine_unproven it gave no answer for 1 s/);

  // A constructor stands still for it, and no longer than it says.
  const now = (bytes: Uint8Array, ms?: number) => proveEngineNow({ ...trial(bytes), running: null, documents: [] }, ms);
  assert.equal(now(odd('sound')).sha256, digest(odd('sound')));
  assert.throws(() => now(odd('flips')), { code: 'engine_unproven' });
  assert.throws(() => now(importing()), { code: 'engine_integrity' });
});
