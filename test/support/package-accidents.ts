/** What goes wrong while a package is installed, and machines that are not as usual: steps for a shell of root's on one. */
import { ASK_CRM, EDITED, type Manager, START, STOP, until } from './package-steps.js';
import { EARLIER, NOW } from './two-versions.js';

/**
 * Kills a manager while it unpacks `node`, by far the largest file, at a moment that no machine's speed moves. dpkg gets a
 * limit on the size of a file, at which the kernel ends it as `kill -9` would. rpm puts off every signal but that one, so it
 * is made to wait: it tells its progress to a pipe that nobody reads, with room for a third of what it would say. It names what it
 * unpacks by the second in which it began, so the next one must not begin in the same.
 */
const CUT = {
  deb: (command: string): string =>
    `(ulimit -c 0 -f 20000; exec ${command}) >/dev/null 2>&1; [ $? = $((128 + $(kill -l XFSZ))) ] && echo cut
      ls /usr/lib/checkrd/node.dpkg-new`,
  rpm: (command: string): string =>
    `rm -f /drive/pipe; mkfifo /drive/pipe; exec 9<>/drive/pipe; head -c 50000 /dev/zero >&9
      (exec ${command} --percent >&9 2>/dev/null) &
      ${until("compgen -G '/usr/lib/checkrd/node;*' >/dev/null || ! kill -0 $!")}
      kill -9 $!; wait $! 2>/dev/null; [ $? = 137 ] && echo cut; exec 9>&-; ls /usr/lib/checkrd/node\\;* | sed 's/;.*/;/'; sleep 1`,
} as const;
/** As the manager names `node` while it unpacks it. */
export const UNPACKING = { deb: '/usr/lib/checkrd/node.dpkg-new', rpm: '/usr/lib/checkrd/node;' } as const;
/** How many files of the package lie anywhere under such a name. */
const BEGUN = `find /etc /usr -xdev -path '*checkrd*' \\( -name '*.dpkg-new' -o -name '*.dpkg-tmp' -o -name '*;*' \\) | wc -l`;
const again = (kind: 'deb' | 'rpm'): string => (kind === 'deb' ? 'dpkg --configure -a; ' : '');
/** rpm reckons before it begins whether there is room; told not to, it finds none while it unpacks, and names any reason. */
const unreckoned = (kind: 'deb' | 'rpm', command: string): string =>
  kind === 'deb' ? ':' : `${command} --ignoresize >>/drive/full.log 2>&1 || echo failed`;

/** Killed in the midst of unpacking, first a new machine, then an upgrade; then no room for one. */
export function accidentSteps({ name, install, upgrade, downgrade, remove, state }: Manager) {
  const cut = CUT[name];
  return {
    cutInstall: `${cut(install(EARLIER))}; ${state}; ${again(name)}${install(EARLIER)} >/dev/null; echo $?; ${state}
      ${BEGUN}; ${EDITED}; ${START}; ${ASK_CRM}; ${STOP}`,
    // Room for one version, not for the next beside it; gone when the step ends, as where an operator makes room.
    full: `cp /etc/checkrd/policy.yaml /drive/policy; cp -a /usr/lib/checkrd /drive/program
      size=$(du -sm /drive/program | cut -f1); mount -t tmpfs -o size=$((size * 3 / 2))m small /usr/lib/checkrd
      cp -a /drive/program/. /usr/lib/checkrd; ${upgrade(NOW)} >/drive/full.log 2>&1 || echo failed
      ${unreckoned(name, upgrade(NOW))}; checkrd --version; umount /usr/lib/checkrd
      grep -io 'no space left\\|more space needed\\|needs [0-9]*[KMG]*B more space\\|unpacking of archive failed' /drive/full.log
      ${state}; checkrd --version; ${START}; ${ASK_CRM}; ${STOP}; cmp /etc/checkrd/policy.yaml /drive/policy && echo kept`,
    cutUpgrade: `${cut(upgrade(NOW))}; checkrd --version; ${START}; ${ASK_CRM}; ${STOP}
      ${again(name)}${upgrade(NOW)} >/dev/null; echo $?; ${state}; checkrd --version
      cmp /etc/checkrd/policy.yaml /drive/policy && echo kept; ${BEGUN}`,
    // dpkg itself refuses to remove what it has half unpacked.
    ...(name === 'rpm' && {
      cutRemoved: `${cut(downgrade(EARLIER))}; checkrd --version; ${remove}; echo $?; ${BEGUN}; ls -d /usr/lib/checkrd`,
    }),
  };
}

/** A user of this name was there before, and `/etc/checkrd` is a link. */
export function oddSteps({ name, install, state, upgrade }: Manager) {
  const gone = name === 'deb' ? 'dpkg --purge checkrd' : 'rpm -e checkrd';
  return {
    before: `useradd --create-home --home-dir /srv/person --shell /bin/bash checkrd; mkdir -p /srv/conf; ln -s /srv/conf /etc/checkrd
      ${install(EARLIER)}; echo $?; ${state}; ls -ld /etc/checkrd | grep -o '/etc.*'; ls /srv/conf; getent passwd checkrd | cut -d: -f6,7`,
    inUse: `${EDITED}; ${START}; checkrd doctor | grep -v ^ok; ${ASK_CRM}; ${STOP}; ${upgrade(NOW)} >/dev/null 2>&1; echo $?
      grep -c 'name: api' /srv/conf/policy.yaml; ls -ld /etc/checkrd | grep -o '/etc.*'; ${START}; ${ASK_CRM}; ${STOP}`,
    goes: `echo mine >/srv/conf/mine; ${gone}; echo $?; getent passwd checkrd | cut -d: -f6,7; ls -d /srv/person; ls /srv/conf
      ls -ld /etc/checkrd; ls /var/log/checkrd/audit.jsonl`,
  };
}
