// T-31 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ENGINE_PATH, loadEngine } from '#src/wasm/module.js';

const folder = (): string => mkdtempSync(join(tmpdir(), 'checkrd-engine-'));

test('the engine built in another folder is the same bytes, and the ones that are pinned', t => {
  const at = folder();
  t.after(() => rmSync(at, { recursive: true, force: true, maxRetries: 10 }));
  const sources = join(at, 'elsewhere');
  cpSync('engine', sources, { recursive: true, filter: from => !from.endsWith('.mjs') });
  const out = join(at, 'out.wasm');
  const pin = join(at, 'pin.ts');
  const run = spawnSync(process.execPath, [join('engine', 'build.mjs'), sources, out, pin], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  // `npm run build` made the other one, from the sources where they are.
  const bytes = readFileSync(out);
  assert.ok(bytes.equals(readFileSync(ENGINE_PATH)));
  const digest = createHash('sha256').update(bytes).digest('hex');
  assert.ok(readFileSync(pin, 'utf8').includes(digest));
  assert.equal(loadEngine().sha256, digest);
});

test('the engine imports nothing and stays small', () => {
  const bytes = readFileSync(ENGINE_PATH);
  assert.ok(bytes.length < 65_536, `${bytes.length} bytes`);
  const wasm = (globalThis as unknown as { WebAssembly: { Module: ModuleMaker } }).WebAssembly;
  assert.deepEqual(wasm.Module.imports(new wasm.Module(bytes)), []);
});

interface ModuleMaker {
  new (bytes: Uint8Array): object;
  imports(module: object): readonly object[];
}

test('an engine that was changed, or is not there, is not loaded', t => {
  const at = folder();
  t.after(() => rmSync(at, { recursive: true, force: true, maxRetries: 10 }));
  const path = join(at, 'engine.wasm');
  assert.throws(() => loadEngine(path), { code: 'engine_integrity' });
  const bytes = readFileSync(ENGINE_PATH);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(path, bytes);
  assert.throws(() => loadEngine(path), { code: 'engine_integrity' });
});
