// Builds the engine: AssemblyScript → dist/wasm/engine.wasm, and pins its SHA-256 in src/wasm/pin.ts.
// Beside it goes the corpus that another engine is proven on before it may take this one's place.
// The same sources give the same bytes in any folder. `node engine/build.mjs [sources [out [pin]]]`; the defaults are the repository's.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sources = resolve(process.argv[2] ?? join(root, 'engine'));
const out = resolve(process.argv[3] ?? join(root, 'dist', 'wasm', 'engine.wasm'));
const pin = resolve(process.argv[4] ?? join(root, 'src', 'wasm', 'pin.ts'));
const MAX_BYTES = 65_536;

mkdirSync(dirname(out), { recursive: true });
// Paths are relative to the sources, so that no folder name can reach the output.
const flags = ['--runtime', 'stub', '-O3', '--use', 'abort=', '--enable', 'simd', '--noColors'];
const { error, stdout, stderr } = await main([
  'index.ts',
  '--baseDir',
  sources,
  '--outFile',
  relative(sources, out),
  ...flags,
]);
const said = `${stdout}${stderr}`.trim();
if (said !== '') console.error(said);
if (error) {
  console.error(`engine: ${error.message}`);
  process.exit(1);
}

const bytes = readFileSync(out);
const module = await WebAssembly.compile(bytes);
const imports = WebAssembly.Module.imports(module);
if (imports.length > 0) {
  console.error(`engine: must import nothing, wants ${imports.map(i => `${i.module}.${i.name}`).join(', ')}`);
  process.exit(1);
}
if (bytes.length >= MAX_BYTES) {
  console.error(`engine: ${bytes.length} bytes, must stay under ${MAX_BYTES}`);
  process.exit(1);
}
const { exports } = await WebAssembly.instantiate(module);
const digest = createHash('sha256').update(bytes).digest('hex');
mkdirSync(dirname(pin), { recursive: true });
writeFileSync(
  pin,
  `/** Written by engine/build.mjs. */\nexport const ENGINE_SHA256 = '${digest}';\nexport const ENGINE_ABI = ${exports.abi()};\n`,
);
copyFileSync(join(root, 'engine', 'corpus.jsonl'), join(dirname(out), 'corpus.jsonl'));
console.error(`engine: ${bytes.length} bytes, sha256 ${digest}`);
