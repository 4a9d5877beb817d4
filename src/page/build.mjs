// Builds the verifier page: dist/page/page.js and all it reaches → dist/verifier.html, one file that asks nobody anything, and
// its SHA-256 beside it. The same sources give the same bytes in any folder: `node src/page/build.mjs [compiled [out]]`.
//
// Rollup joins the modules: a kept bundler whose own packages run nothing when they are installed (esbuild's does), and which
// leaves the code as readable as it was, since an auditor may want to read it. Nothing is minified. What is joined is only
// what the layers test lets the page reach.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const compiled = resolve(process.argv[2] ?? join(root, 'dist'));
const out = resolve(process.argv[3] ?? join(root, 'dist', 'verifier.html'));
const MAX_BYTES = 400_000;

const packages = new Set();
/** Packages are those of this repository, wherever the compiled files lie. */
const ours = {
  name: 'packages',
  resolveId(name) {
    if (/^[./]/.test(name)) return null;
    const path = fileURLToPath(import.meta.resolve(name));
    const parts = path.split(`${sep}node_modules${sep}`).at(-1).split(sep);
    packages.add(parts.slice(0, parts[0].startsWith('@') ? 2 : 1).join('/'));
    return path;
  },
};
const fail = why => {
  console.error(`page: ${why}`);
  process.exit(1);
};

const bundle = await rollup({
  input: join(compiled, 'page', 'page.js'),
  plugins: [ours],
  onwarn: warning => fail(warning.message),
});
const { output } = await bundle.generate({ format: 'iife', strict: true });
await bundle.close();
if (output.length !== 1) fail(`${output.length} files instead of one`);

const text = path => readFileSync(path, 'utf8');
const { version } = JSON.parse(text(join(root, 'package.json')));
const script = `\n${output[0].code}`;
const style = text(join(here, 'page.css'));
const notices = [...packages]
  .sort()
  .map(name => `This page contains ${name}:\n\n${text(join(root, 'node_modules', name, 'LICENSE')).trim()}`)
  .join('\n\n');
for (const [what, inner, end] of [
  ['script', script, /<\/script|<!--/i],
  ['style', style, /<\/style/i],
  ['notices', notices, /--!?>/],
]) {
  if (end.test(inner)) fail(`the ${what} would end its element`);
}

const hashOf = inner => `'sha256-${createHash('sha256').update(inner).digest('base64')}'`;
const csp = [
  "default-src 'none'",
  `script-src ${hashOf(script)}`,
  `style-src ${hashOf(style)}`,
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');
const parts = { csp, version, notices };
const html = text(join(here, 'page.html'))
  .replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name])
  .replace('<style></style>', () => `<style>${style}</style>`)
  .replace('<script></script>', () => `<script>${script}</script>`);
if (!html.includes(script) || !html.includes(style)) fail('page.html has no place for the script or the style');
if (html.length > MAX_BYTES) fail(`${html.length} characters, must stay under ${MAX_BYTES}`);

const digest = createHash('sha256').update(html).digest('hex');
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, html);
writeFileSync(`${out}.sha256`, `${digest}  verifier.html\n`);
console.error(`page: ${Buffer.byteLength(html)} bytes, sha256 ${digest}`);
