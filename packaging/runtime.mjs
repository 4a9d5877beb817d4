// The Node that a package carries: from the lockfile in runtime/, its digest the one kept there, stripped where a tool can.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const pinned = join(dirname(fileURLToPath(import.meta.url)), 'runtime');

/**
 * @param {'x64' | 'arm64'} cpu
 * @param {string} work a folder kept from one build to the next
 * @returns {{ program: string, licence: string, version: string, integrity: string, sha256: string, stripped: string | null }}
 *   `sha256` of the program as published; `stripped` names the tool
 */
export function fetchRuntime(cpu, work) {
  const name = `node-linux-${cpu}`;
  const folder = join(work, name);
  const published = join(folder, 'node_modules', name);
  const lock = JSON.parse(readFileSync(join(pinned, 'package-lock.json'), 'utf8')).packages[`node_modules/${name}`];
  const wanted = digests().get(`${name}/bin/node`);
  if (!existsSync(join(published, 'bin', 'node')) || sha256Of(join(published, 'bin', 'node')) !== wanted) {
    mkdirSync(folder, { recursive: true });
    cpSync(pinned, folder, { recursive: true });
    const options = ['--os=linux', `--cpu=${cpu}`, '--libc=glibc', '--ignore-scripts', '--no-audit', '--no-fund'];
    execFileSync('npm', ['ci', ...options], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const sha256 = sha256Of(join(published, 'bin', 'node'));
  if (sha256 !== wanted) throw new Error(`${name}: SHA-256 is ${sha256}, runtime/SHA256SUMS says ${wanted}`);
  const program = join(folder, 'node');
  const stripped = strip(join(published, 'bin', 'node'), program);
  chmodSync(program, 0o755);
  const { version, integrity } = lock;
  return { program, licence: join(published, 'LICENSE'), version, integrity, sha256, stripped };
}

/** LLVM's knows every architecture, GNU's its own. */
function strip(from, to) {
  for (const tool of ['llvm-strip', 'strip', 'aarch64-linux-gnu-strip']) {
    if (spawnSync(tool, ['--strip-all', '-o', to, from], { stdio: 'ignore' }).status === 0) return tool;
  }
  copyFileSync(from, to);
  return null;
}

function digests() {
  const lines = readFileSync(join(pinned, 'SHA256SUMS'), 'utf8').trim().split('\n');
  return new Map(lines.map(line => line.split('  ').reverse()));
}

/** @returns {string} of a file, hexadecimal */
export function sha256Of(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
