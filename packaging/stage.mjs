// Lays the files of one package out in a folder, as they will lie on the machine.
//
//   in   : the table, the joined program, the runtime, a kind of package
//   out  : the tree, every file 0644 or 0755 and of one time; which files are configuration
//   never: an owner: everything is root's, which each packager says itself
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const PROGRAM = '/usr/lib/checkrd';

/**
 * @param {object} given
 * @param {string} given.root the repository
 * @param {string} given.tree made
 * @param {object[]} given.rows of the layout
 * @param {'deb' | 'rpm' | 'tar'} given.kind
 * @param {string} given.program folder of the joined program
 * @param {string} given.node
 * @param {number} given.epoch seconds
 * @returns {string[]} configuration files, as paths on the machine
 */
export function stage({ root, tree, rows, kind, program, node, epoch }) {
  mkdirSync(join(tree, PROGRAM), { recursive: true });
  cpSync(program, join(tree, PROGRAM), { recursive: true });
  copyFileSync(node, join(tree, PROGRAM, 'node'));
  const executable = new Set([join(tree, PROGRAM, 'node')]);
  const conf = [];
  for (const row of rows) {
    if ((row.only ?? kind) !== kind || (kind === 'tar' && row.machine)) continue;
    if (row.folder !== undefined) {
      mkdirSync(join(tree, row.folder), { recursive: true });
      continue;
    }
    for (const [to, bytes] of contents(root, row)) {
      const path = join(tree, to);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, row.gzip ? gzipSync(bytes, { level: 9 }) : bytes);
      if (row.mode === 0o755) executable.add(path);
      if (row.conf) conf.push(to);
    }
  }
  settle(tree, executable, epoch);
  return conf.sort();
}

/** Paths on the machine and bytes of one row, in a fixed order. */
function contents(root, row) {
  if (row.text !== undefined) return [[row.to, Buffer.from(row.text)]];
  const from = join(root, row.from);
  if (!existsSync(from)) throw new Error(`${row.from} is missing: \`npm run build\` first`);
  if (!statSync(from).isDirectory()) return [[row.to, readFileSync(from)]];
  const names = readdirSync(from, { recursive: true, encoding: 'utf8' }).sort();
  return names
    .filter(name => name.endsWith(row.ending ?? '') && statSync(join(from, name)).isFile())
    .map(name => [`${row.to}${name}${row.gzip ? '.gz' : ''}`, readFileSync(join(from, name))]);
}

/** The builder's umask and clock leave nothing behind. */
function settle(tree, executable, epoch) {
  for (const entry of readdirSync(tree, { withFileTypes: true })) {
    const path = join(tree, entry.name);
    if (entry.isDirectory()) settle(path, executable, epoch);
    else {
      chmodSync(path, executable.has(path) ? 0o755 : 0o644);
      lutimesSync(path, epoch, epoch);
    }
  }
  chmodSync(tree, 0o755);
  lutimesSync(tree, epoch, epoch);
}

/** Every file and folder of a tree, relative, in the order of their names' bytes. */
export function walk(tree, below = '') {
  return readdirSync(join(tree, below), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const path = join(below, entry.name);
      return entry.isDirectory() ? [`${path}/`, ...walk(tree, path)] : [path];
    });
}
