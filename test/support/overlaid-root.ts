/**
 * This machine's own system, laid under a folder that takes every change, without network and without a running systemd.
 *
 *   in   : files that lie in it, steps of a shell
 *   out  : what each step said, and how it ended
 *   never: changes the machine; boots anything
 *
 * `systemctl` is a stand-in here, since no systemd runs: it starts, stops and reloads the daemon as the unit's user with the unit's
 * groups, and nothing of the unit's sandbox. The same steps under a booted systemd are in test/prove/operate.test.ts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StepEnd } from './debian-root.js';

const MAX_MS = 900_000;

const SYSTEMCTL = `#!/bin/bash
for word in "$@"; do case $word in --now) now=yes ;; -*) ;; *) [ -n "$verb" ] || verb=$word ;; esac; done
pid=/run/daemon.pid
stop() {
  [ -s $pid ] || return 0
  kill "$(cat $pid)"
  while [ -d "/proc/$(cat $pid)" ]; do sleep 0.05; done
  rm $pid
}
start() {
  [ ! -s $pid ] || return 0
  install -d -o checkrd -g checkrd -m 0755 /run/checkrd
  install -d -o checkrd -g checkrd -m 0700 /var/lib/checkrd-agent
  groups=$(cat /usr/lib/systemd/system/checkrd.service /etc/systemd/system/checkrd.service.d/*.conf 2>/dev/null |
    sed -n 's/^SupplementaryGroups=//p' | tr '\\n' ' ')
  ids=$(for group in $groups; do getent group "$group" | cut -d: -f3; done | paste -sd,)
  umask 0027
  # Nobody tells of outcomes here: a stop would wait for them.
  setsid setpriv --reuid checkrd --regid checkrd --groups "$ids" --no-new-privs \\
    env -i PATH=/usr/sbin:/usr/bin CHECKRD_DAEMON_DRAIN_TIMEOUT=0 /usr/bin/checkrd daemon --config /etc/checkrd/checkrd.yaml \\
    </dev/null >>/drive/journal 2>&1 &
  echo $! >$pid
  for i in $(seq 900); do
    curl -s --unix-socket /run/checkrd/checkrd.sock http://checkrd/healthz >/dev/null && return 0
    sleep 0.1
  done
  cat /drive/journal >&2
  return 1
}
case $verb in
  start) start ;;
  stop) stop ;;
  restart) stop && start ;;
  enable) [ -z "$now" ] || start ;;
  reload) kill -HUP "$(cat $pid)" ;;
  daemon-reload | preset) ;;
  *) echo "no stand-in for systemctl $*" >&2; exit 1 ;;
esac
`;

/** @param folder of this run, empty. @param files by their path in the root: the path of what is copied there. */
export async function runOverlaid(
  folder: string,
  files: Readonly<Record<string, string>>,
  steps: Readonly<Record<string, string>>,
): Promise<{ readonly ends: Readonly<Record<string, StepEnd>>; readonly said: string }> {
  const drive = join(folder, 'drive');
  mkdirSync(drive, { recursive: true });
  writeFileSync(join(drive, 'systemctl'), SYSTEMCTL);
  chmodSync(join(drive, 'systemctl'), 0o755);
  const names = Object.keys(steps);
  for (const name of names) writeFileSync(join(drive, `${name}.sh`), `${steps[name]}\n`);
  const taken = names.map(
    name => `bash /drive/${name}.sh >/drive/${name}.said 2>&1 </dev/null; echo $? >/drive/${name}.code`,
  );
  writeFileSync(join(drive, 'all.sh'), `${taken.join('\n')}\nsystemctl stop checkrd\n`);
  const copied = join(folder, 'files');
  for (const [path, from] of Object.entries(files)) {
    mkdirSync(dirname(join(copied, path)), { recursive: true });
    cpSync(from, join(copied, path));
  }
  writeFileSync(join(folder, 'enter.sh'), enter(folder));
  const child = spawn(
    'unshare',
    ['--net', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-e', join(folder, 'enter.sh')],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: MAX_MS, killSignal: 'SIGKILL' },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      said += part;
    });
  }
  await once(child, 'close');
  const ends = names
    .filter(name => existsSync(join(drive, `${name}.code`)))
    .map(name => {
      const of = (what: string): string => readFileSync(join(drive, `${name}.${what}`), 'utf8').trim();
      return [name, { code: Number(of('code')), said: of('said') }] as const;
    });
  return { ends: Object.fromEntries(ends), said };
}

// Changes go to memory: an overlay over an overlay takes no upper folder on a disk that is one.
function enter(folder: string): string {
  const root = join(folder, 'over/root');
  return `
mkdir -p ${folder}/over
mount -t tmpfs over ${folder}/over
mkdir ${folder}/over/up ${folder}/over/work ${root}
mount -t overlay over -o lowerdir=/,upperdir=${folder}/over/up,workdir=${folder}/over/work ${root}
mount -t proc proc ${root}/proc
mount --rbind /dev ${root}/dev
mount -t tmpfs -o mode=0755 run ${root}/run
mount -t tmpfs tmp ${root}/tmp
mkdir ${root}/drive
mount --bind ${folder}/drive ${root}/drive
rm -rf ${root}/root
mkdir -m 0700 ${root}/root
cp -a ${folder}/files/. ${root}/
exec env -i HOME=/root PATH=/drive:/usr/sbin:/usr/bin:/sbin:/bin chroot ${root} /bin/bash /drive/all.sh
`;
}
