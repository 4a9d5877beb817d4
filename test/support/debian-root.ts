/**
 * A small Debian in a folder, as a machine to install on: never booted here (booted-root.ts does that), never on a network.
 *
 *   in   : a release, and steps that a shell in it takes, one after the other
 *   out  : what each step said and how it ended; what the machine wrote, to be looked at afterwards
 *   never: changes the root it stands on: each machine is a layer of its own above it
 *
 * Roots stand in $CHECKRD_ROOTS (else `checkrd-roots` in the folder of temporary files); one that is not there is made.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { runs } from './shell.js';

export type Release = 'bookworm' | 'trixie';
/** A step's name, and the shell text it runs. */
export type Steps = Readonly<Record<string, string>>;
export interface StepEnd {
  readonly code: number;
  /** Standard output and error, trimmed. */
  readonly said: string;
}

const ROOTS = process.env.CHECKRD_ROOTS ?? join(tmpdir(), 'checkrd-roots');
const INCLUDED = 'systemd,systemd-sysv,dbus,logrotate,man-db,bash-completion,rpm';
/** Of one try: a mirror that answers no more must not hold up everything. */
const MAKE_MAX_S = 400;
/** A step that hangs ends the run, and the test. */
const RUN_MAX_MS = 1_200_000;
/** Folder in the root for what drives it. */
export const DRIVE = '/drive';

/** The root of a release: made once, which takes a network and most of a minute. */
export function debianRoot(release: Release): string {
  const root = join(ROOTS, release);
  if (existsSync(root)) return root;
  mkdirSync(ROOTS, { recursive: true });
  const begun = mkdtempSync(`${root}.begun-`);
  try {
    const make = ['debootstrap', '--variant=minbase', `--include=${INCLUDED}`, release, begun];
    runs('timeout', '--kill-after=30', String(MAKE_MAX_S), ...make);
    // mkdtemp's 0700 would close `/` to every service that is not root's.
    chmodSync(begun, 0o755);
    // Another run may have been faster.
    if (!existsSync(root)) renameSync(begun, root);
  } finally {
    // One that was cut off leaves them mounted.
    for (const name of ['proc', 'sys']) spawnSync('umount', ['-l', join(begun, name)]);
    rmSync(begun, { recursive: true, force: true });
  }
  return root;
}

const without = new Map<Release, string | false>();

/** False, or why the root can neither be found nor made: its packages come from a mirror, which is asked twice. */
export function noRoot(release: Release): string | false {
  const known = without.get(release);
  if (known !== undefined) return known;
  let why: string | false = false;
  for (let tries = 2; tries > 0; tries--) {
    try {
      debianRoot(release);
      why = false;
      break;
    } catch (error) {
      why = `no ${release} was to be had: ${String(error).replace(/\s+/g, ' ').slice(-300)}`;
    }
  }
  without.set(release, why);
  return why;
}

/** Writes a file of root's, with its folders. */
export function put(root: string, path: string, text: string, mode = 0o644): void {
  const at = join(root, path);
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, text, { mode });
}

/** One step each in the drive's folder, its words and its code beside it. @returns the text that takes them all */
export function stepsInto(root: string, steps: Steps): string {
  for (const [name, text] of Object.entries(steps)) put(root, `${DRIVE}/${name}.sh`, `${text}\n`);
  return Object.keys(steps)
    .map(name => `bash ${DRIVE}/${name}.sh >${DRIVE}/${name}.said 2>&1 </dev/null; echo $? >${DRIVE}/${name}.code\n`)
    .join('');
}

/** @param why what else is known, where a step was not taken to its end */
export function stepEnd(root: string, name: string, why: () => string): StepEnd {
  const at = (what: string) => join(root, DRIVE, `${name}.${what}`);
  const said = existsSync(at('said')) ? readFileSync(at('said'), 'utf8').trim() : '';
  assert.ok(existsSync(at('code')), `step ${name} was not taken to its end: ${said}\n${why()}`);
  return { code: Number(readFileSync(at('code'), 'utf8')), said };
}

/** `ask SOCKET PATH [BODY]`: a minimal Debian has no curl. Prints the status and the answer. */
const ASK = `import { request } from 'node:http';
const [socketPath, path, body] = process.argv.slice(2);
const asked = request({ socketPath, path, method: body === undefined ? 'GET' : 'POST' }, async answer => {
  let text = '';
  for await (const part of answer) text += part;
  console.log(answer.statusCode, text.trim());
});
asked.on('error', error => { console.log(error.code); process.exit(1); });
asked.end(body);
`;

export function putAsk(root: string): void {
  put(root, `${DRIVE}/ask`, `#!/bin/sh\nexec /usr/lib/checkrd/node ${DRIVE}/ask.mjs "$@"\n`, 0o755);
  put(root, `${DRIVE}/ask.mjs`, ASK);
}

/** A machine that is off between its runs: what it wrote stays, its processes and mounts do not. */
export interface Machine {
  /** What it wrote above its root. */
  readonly written: string;
  /** Takes the steps, of which one may call `rpm`, that of this machine. */
  run(steps: Steps): Promise<Readonly<Record<string, StepEnd>>>;
}

/**
 * @param files laid in its drive's folder, by a hard link or a copy
 * @throws AssertionError from `run`, where a step hangs or the machine cannot be put together
 */
export function machine(t: TestContext, release: Release, files: readonly string[]): Machine {
  const folder = mkdtempSync(join(tmpdir(), `checkrd-${release}-`));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const [written, work, root] = ['written', 'work', 'root'].map(name => join(folder, name)) as [string, string, string];
  for (const path of [written, work, root, join(written, DRIVE)]) mkdirSync(path, { recursive: true });
  for (const file of files) runs('cp', file, join(written, DRIVE));
  putAsk(written);
  // Process 1 is outside of the root: by it the program of this machine is reached, of one version for all systems.
  put(written, `${DRIVE}/rpm`, '#!/bin/sh\nexec chroot /proc/1/root rpm --root "$ROOT" "$@"\n', 0o755);
  return {
    written,
    async run(steps) {
      const taken = stepsInto(written, steps);
      put(written, `${DRIVE}/all.sh`, taken);
      const script = `set -e
mount -t overlay machine -o lowerdir=${debianRoot(release)},upperdir=${written},workdir=${work} ${root}
mount -t proc proc ${root}/proc
mount --rbind /dev ${root}/dev
mount -t tmpfs -o mode=0755 run ${root}/run
chroot ${root} bash ${DRIVE}/all.sh
exit`;
      const apart = ['--net', '--uts', '--ipc', '--mount', '--pid', '--fork', '--kill-child'];
      const env = { PATH: `${DRIVE}:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: '/root', LC_ALL: 'C', ROOT: root };
      // It heeds no other signal while it waits.
      const limits = { env, timeout: RUN_MAX_MS, killSignal: 'SIGKILL' } as const;
      const why = await new Promise<string>(resolve =>
        execFile('unshare', [...apart, 'sh', '-c', script], limits, (error, out, told) =>
          resolve(`${out}${told}${error?.message ?? ''}`),
        ),
      );
      return Object.fromEntries(Object.keys(steps).map(name => [name, stepEnd(written, name, () => why)]));
    },
  };
}
