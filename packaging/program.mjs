// The program as the packages carry it: `dist` joined by rollup into few files, one entry a command, nothing left to find in
// a node_modules.
//
//   in   : the repository, built; a folder
//   out  : package.json, dist/** (the library's entries where `dist` has them, what they share in dist/shared; the command line
//          as CommonJS: dist/cli/main.cjs and dist/cli/shared; workers whole), which packages are in it
//   never: minified: an auditor may want to read what runs; a warning of the bundler is a failure
//
// What the code looks for beside itself (a worker, the engine, the corpus, package.json) keeps its place: each module's
// `import.meta.url` stays that of the file it was, wherever its text now stands.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { rollup } from 'rollup';

/** For agents that run on a Node of their own. */
const LIBRARY = ['index', 'register', 'testing'];
/** Of packages: what they do not use. */
const HARMLESS = new Set(['UNUSED_EXTERNAL_IMPORT']);
const MODULES = { format: 'es', entryFileNames: 'dist/[name].js' };
/**
 * CommonJS: what Node loads for modules costs each command a third of a bare start before it is known, and more with each
 * file; and an `import` of `node:fs` loads all that any of its exports needs.
 */
const COMMANDS = {
  format: 'cjs',
  entryFileNames: 'dist/[name].cjs',
  chunkFileNames: 'dist/cli/shared/[name]-[hash].cjs',
  dynamicImportInCjs: false,
  esModule: false,
  generatedCode: 'es2015',
  // Not `require` where it is used: code may have its own.
  intro: "const __fileUrl = require('node:url').pathToFileURL(__filename);",
};
const BESIDE = /new URL\('([^']+)', import\.meta\.url\)/g;

/**
 * @param {string} root the repository
 * @param {string} out
 * @returns {Promise<string[]>} names of the packages whose code is in it, sorted
 */
export async function bundleProgram(root, out) {
  const dist = join(root, 'dist');
  const found = { dist, workers: new Set(), copied: new Set(), modules: new Set() };
  const library = Object.fromEntries(LIBRARY.map(name => [name, join(dist, `${name}.js`)]));
  await joined(library, out, found, { ...MODULES, chunkFileNames: 'dist/shared/[name]-[hash].js' });
  await joined({ 'cli/main': join(dist, 'cli/main.js') }, out, found, COMMANDS);
  // Each worker is one file: a daemon starts them long after its own code is loaded, when an upgrade may have taken away
  // the files that they would have shared. A set grows while it is walked: a worker may start another.
  for (const path of found.workers) {
    const name = relative(dist, path).replace(/\.js$/, '');
    await joined({ [name]: path }, out, found, { ...MODULES, inlineDynamicImports: true });
  }

  for (const path of found.copied) {
    const to = join(out, place(dist, path));
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(path, to);
  }
  const { name, version, license, type, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const entry of Object.values(exports)) delete entry.types;
  writeFileSync(join(out, 'package.json'), `${JSON.stringify({ name, version, license, type, exports }, null, 2)}\n`);
  const packages = [...found.modules].filter(id => id.includes(`${sep}node_modules${sep}`)).map(packageOf);
  return [...new Set(packages)].sort();
}

/** Writes entries with what they need; `found` takes up what they start, read and hold. */
async function joined(input, out, found, output) {
  const bundle = await rollup({
    input,
    plugins: [
      places(found),
      nodeResolve({ exportConditions: ['node'], preferBuiltins: true }),
      json(),
      // As in Node: a file runs when it is first required, and once; its `module.exports` is what `import` takes as default.
      commonjs({ include: /node_modules/, strictRequires: true, defaultIsModuleExports: true }),
    ],
    // With it `register` guards nothing: `void globalThis.Headers`, a getter by which Node loads its undici, is taken for
    // nothing. What else a read does in Node nobody lists, and 170 bytes are all that is won.
    treeshake: false,
    // What others need of an entry stands beside it: loaded by a second path, an entry that they import would run twice.
    preserveEntrySignatures: 'strict',
    onwarn(warning) {
      if (HARMLESS.has(warning.code)) return;
      throw new Error(`program: ${warning.message}`);
    },
  });
  const written = await bundle.write({ dir: out, hoistTransitiveImports: false, ...output });
  await bundle.close();
  for (const file of written.output) for (const id of file.moduleIds ?? []) found.modules.add(id);
}

/** Where a file of `dist` lies in the package. */
function place(dist, id) {
  return `dist/${relative(dist, id)}`;
}

/** What the code looks for beside itself. */
function places({ dist, workers, copied }) {
  return {
    name: 'places',
    transform(code, id) {
      if (!id.startsWith(dist + sep)) return null;
      for (const [, name] of code.matchAll(BESIDE)) {
        const path = resolve(dirname(id), name);
        if (path.startsWith(dist + sep)) (path.endsWith('.js') ? workers : copied).add(path);
      }
      // Started by the launcher only.
      return code.startsWith('#!') ? { code: code.slice(code.indexOf('\n')), map: null } : null;
    },
    // Our own imports name files; to have each looked up took most of the time of a build.
    resolveId(source, importer) {
      return source.startsWith('.') && importer?.startsWith(dist + sep) ? resolve(dirname(importer), source) : null;
    },
    resolveImportMeta(property, { moduleId, chunkId, format }) {
      if (property !== 'url' || !moduleId.startsWith(dist + sep) || place(dist, moduleId) === chunkId) return null;
      const here = format === 'cjs' ? '__fileUrl' : 'import.meta.url';
      return `new URL('${posix.relative(posix.dirname(chunkId), place(dist, moduleId))}', ${here}).href`;
    },
  };
}

/** `pino`, `@noble/ed25519`: the package that holds a file. */
function packageOf(path) {
  const parts = path.split(`${sep}node_modules${sep}`).at(-1).split(sep);
  return parts.slice(0, parts[0].startsWith('@') ? 2 : 1).join('/');
}
