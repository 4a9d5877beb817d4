/** What goes wrong while a package is installed, and machines that are not as usual: steps for a shell of root's on one. */
import { ASK_CRM, EDITED, type Manager, START, STOP, until } from './package-steps.js';
import { EARLIER, NOW } from './two-versions.js';

/** A file as the manager unpacks it, before it gets its name. */
const UNPACKING = { deb: '/usr/lib/checkrd/node.dpkg-new', rpm: '/usr/lib/checkrd/node;*' } as const;
const cut = (command: string, kind: 'deb' | 'rpm'): string =>
  `(exec ${command}) >/dev/null 2>&1 & ${until(`compgen -G '${UNPACKING[kind]}' >/dev/null || ! kill -0 $! 2>/dev/null`)}; kill -9 $! && echo cut; wait $! 2>/dev/null`;
const again = (kind: 'deb' | 'rpm'): string => (kind === 'deb' ? 'dpkg --configure -a; ' : '');

/** Killed in the midst of unpacking, first a new machine, then an upgrade; then no room for one. */
export function accidentSteps({ name, install, upgrade, state }: Manager) {
  return {
    cutInstall: `${cut(install(EARLIER), name)}; ${state}; ${again(name)}${install(EARLIER)} >/dev/null; echo $?; ${state}
      ls -A /usr/lib/checkrd | grep -c 'dpkg\\|;'; ${EDITED}; ${START}; ${ASK_CRM}; ${STOP}`,
    // Room for one version, not for the next beside it; gone when the step ends, as where an operator makes room.
    full: `cp /etc/checkrd/policy.yaml /drive/policy; cp -a /usr/lib/checkrd /drive/program
      size=$(du -sm /drive/program | cut -f1); mount -t tmpfs -o size=$((size * 3 / 2))m small /usr/lib/checkrd
      cp -a /drive/program/. /usr/lib/checkrd; ${upgrade(NOW)} >/drive/full.log 2>&1 || echo failed
      checkrd --version; umount /usr/lib/checkrd
      grep -io 'no space left\\|more space needed\\|needs [0-9]*[KMG]*B more space' /drive/full.log | head -1
      ${state}; checkrd --version; ${START}; ${ASK_CRM}; ${STOP}; cmp /etc/checkrd/policy.yaml /drive/policy && echo kept`,
    cutUpgrade: `${cut(upgrade(NOW), name)}; checkrd --version; ${START}; ${ASK_CRM}; ${STOP}
      ${again(name)}${upgrade(NOW)} >/dev/null; echo $?; ${state}; checkrd --version; cmp /etc/checkrd/policy.yaml /drive/policy && echo kept
      ls -A /usr/lib/checkrd | grep -c 'dpkg\\|;'`,
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
