// CommonJS packages as modules that rollup can join.
//
//   in   : a file of a package
//   out  : the text of an ES module. A CommonJS file runs when it is first required, in Node's order, and once
//   never: a `require` of something that is not in the bundle succeeds, and nothing is found beside a file: `__dirname` names
//          a folder that does not exist
import { existsSync, readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Marks what a module of ours imports from a CommonJS file. */
const FACE = '\0face:';
const REQUIRED = /\brequire\(\s*(['"])([^'"\n]+)\1\s*\)/g;

const withNode = name => (name.startsWith('node:') ? name : `node:${name}`);

/** `pino`, `@noble/ed25519`: the package that holds a file. */
export function packageOf(path) {
  const parts = path.split(`${sep}node_modules${sep}`).at(-1).split(sep);
  return parts.slice(0, parts[0].startsWith('@') ? 2 : 1).join('/');
}

/** @returns {boolean} whether Node would run this file as CommonJS */
function isCommonJs(path) {
  if (path.endsWith('.mjs')) return false;
  if (path.endsWith('.cjs') || path.endsWith('.json')) return true;
  let folder = dirname(path);
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).type !== 'module';
}

/** The plugin. It answers for whatever lies in a node_modules. */
export function commonJs() {
  return {
    name: 'commonjs',
    resolveId(name, from) {
      if (isBuiltin(name)) return { id: withNode(name), external: true };
      if (name.startsWith(FACE)) return name;
      // Named so by what stands below only.
      if (name.startsWith('/')) return name;
      const path = found(name, from);
      return path !== null && isCommonJs(path) ? FACE + path : path;
    },
    async load(id) {
      if (id.startsWith(FACE)) return await face(id.slice(FACE.length));
      if (!id.includes(`${sep}node_modules${sep}`) || !isCommonJs(id)) return null;
      return wrapped(id, readFileSync(id, 'utf8'));
    },
  };
}

/** From a module of ours, or of a package, to a file of a package. */
function found(name, from) {
  if (from === undefined) return null;
  // A package has none of its own within it: all are found from here as from where they are asked for.
  if (!name.startsWith('.')) return fileURLToPath(import.meta.resolve(name));
  return from.includes(`${sep}node_modules${sep}`) ? resolve(dirname(from), name) : null;
}

/** What Node gives to `import`: the exports as default, and each by its name. */
async function face(path) {
  const names = Object.keys(await import(pathToFileURL(path))).filter(name => /^[A-Za-z_$][\w$]*$/.test(name));
  const named = names.filter(name => name !== 'default' && name !== 'module');
  const lines = [`import { load } from '${path}';`, 'const all = load();', 'export default all;'];
  for (const name of named) lines.push(`const _${name} = all.${name};`, `export { _${name} as ${name} };`);
  return lines.join('\n');
}

function wrapped(path, text) {
  if (path.endsWith('.json')) return `const all = ${text};\nexport const load = () => all;`;
  const require = createRequire(path);
  const imports = [];
  const table = [];
  for (const name of new Set([...text.matchAll(REQUIRED)].map(match => match[2]))) {
    const as = `m${imports.length}`;
    if (isBuiltin(name)) {
      imports.push(`import ${as} from '${withNode(name)}';`);
      table.push(`${JSON.stringify(name)}: () => ${as}`);
      continue;
    }
    const target = resolved(require, name);
    // An optional one that is not installed: requiring it fails, as it does there.
    if (target === null) continue;
    imports.push(`import { load as ${as} } from '${target}';`);
    table.push(`${JSON.stringify(name)}: ${as}`);
  }
  return `${imports.join('\n')}
const within = { ${table.join(', ')} };
function require(name) {
  if (!Object.hasOwn(within, name)) {
    throw Object.assign(new Error(\`Cannot find module '\${name}'\`), { code: 'MODULE_NOT_FOUND' });
  }
  return within[name]();
}
const module = { exports: {} };
let ran = false;
export function load() {
  if (!ran) {
    ran = true;
    run.call(module.exports, module, module.exports, '/nonexistent/index.js', '/nonexistent');
  }
  return module.exports;
}
function run(module, exports, __filename, __dirname) {
${text.replace(/^#!.*/, '')}
}
`;
}

function resolved(require, name) {
  try {
    return require.resolve(name);
  } catch {
    return null;
  }
}
