/** What is done with a package on a machine (debian-root.ts), by a shell of root's in it: install, use, upgrade, take away. */
import { EARLIER, NOW } from './two-versions.js';

const MAIN = '/run/checkrd/checkrd.sock';
const CRM = '/run/checkrd/agent/crm.sock';
export const LOG = '/var/log/checkrd/audit.jsonl';
const LINE = `'{"request":{"method":"GET","url":"https://api.test/"}}'`;
const ALLOW = '  - name: api\\n    allow: { method: GET, url: "api.test/**" }\\n';

/** Waits, by looking ten times a second, until the shell text holds; a minute and a half at most. */
export const until = (holds: string): string => `for i in $(seq 900); do if ${holds}; then break; fi; sleep 0.1; done`;
const deb = (version: string): string => `/drive/checkrd_${version}-1_amd64.deb`;
// As outside of the machine, where rpm is: its path there.
const rpm = (version: string): string => `$ROOT/drive/checkrd-${version}-1.x86_64.rpm`;
const CODE = `sed -E 's/.*"code":"([a-z_]+)".*/\\1/'`;
export const ASK_CRM = `runuser -u crm -- /drive/ask ${CRM} /v1/decide ${LINE} | ${CODE}`;
const ORIGIN = '/var/lib/checkrd-agent/keys/origin.pub';
const MODES = `find /etc/checkrd /etc/logrotate.d/checkrd /usr/bin/checkrd /usr/lib/checkrd -maxdepth 2 -printf '%u:%g %m %p\\n';
  find /usr/lib/systemd/system/checkrd* /usr/lib/sysusers.d/checkrd.conf /usr/lib/tmpfiles.d/checkrd.conf /usr/share/checkrd /usr/share/doc/checkrd \\
    /usr/share/bash-completion/completions/checkrd /var/lib/checkrd* /var/log/checkrd* -printf '%u:%g %m %p\\n'`;

/**
 * As the unit starts it: what ExecStart= says, as its user, with its folders and its umask. No systemd runs here. Nobody tells of
 * outcomes either: each stop would wait ten seconds for them.
 */
export const START = `
  unit=/usr/lib/systemd/system/checkrd.service
  of() { sed -n "s/^$1=//p" $unit | head -1; }
  u=$(of User)
  install -d -o $u -g $(of Group) -m $(of RuntimeDirectoryMode) /run/$(of RuntimeDirectory)
  install -d -o $u -g $(of Group) -m $(of StateDirectoryMode) /var/lib/$(of StateDirectory)
  (umask $(of UMask); exec setpriv --reuid $u --regid $(of Group) --groups $(of SupplementaryGroups),crm --no-new-privs \\
    --bounding-set -all --inh-caps -all env CHECKRD_DAEMON_DRAIN_TIMEOUT=0 $(of ExecStart) >>/drive/daemon.said 2>&1) &
  echo $! >/run/daemon.pid
  ${until(`[ -S ${CRM} ] && /drive/ask ${MAIN} /readyz >/dev/null`)}`;
export const STOP = `kill $(cat /run/daemon.pid); ${until('! [ -e /proc/$(cat /run/daemon.pid) ]')}; rm -f /run/daemon.pid`;

/** An operator's: an agent, and a rule. */
export const EDITED = `
  getent group crm >/dev/null || useradd --system --user-group crm
  sed -i 's/^  # agents: .*/  agents: [{ id: crm, group: crm }]/' /etc/checkrd/checkrd.yaml
  sed -i 's|^rules:|rules:\\n${ALLOW.trimEnd()}|' /etc/checkrd/policy.yaml
  checkrd check /etc/checkrd/policy.yaml`;

const USED = `
  ${START}; ${ASK_CRM}; stat -c '%U:%G %a %n' /run/checkrd ${MAIN} ${CRM} /var/lib/checkrd-agent /var/lib/checkrd-agent/* ${LOG}
  kill -HUP $(cat /run/daemon.pid); ${until("grep -q 'log was reopened' /drive/daemon.said")}; ${ASK_CRM}
  checkrd kill --config /etc/checkrd/checkrd.yaml --reason drill >/dev/null; ${until(`[ "$(${ASK_CRM})" = kill_switch ]`)}; ${ASK_CRM}
  checkrd resume --config /etc/checkrd/checkrd.yaml >/dev/null; ${until(`[ "$(${ASK_CRM})" = rule_allowed ]`)}; ${ASK_CRM}
  logrotate -f /etc/logrotate.d/checkrd; ${until(`[ -s ${LOG} ]`)}
  stat -c '%U:%G %a' ${LOG}; head -1 ${LOG} | grep -o segment_opened; ls ${LOG}.1; ${ASK_CRM}
  checkrd status >/dev/null; echo status $?
  ${STOP}; checkrd verify --key ${ORIGIN} ${LOG}.1 ${LOG} | tail -1`;

export interface Manager {
  readonly name: 'deb' | 'rpm';
  /** Shell texts; each ends with the manager's own code. */
  readonly install: (version: string) => string;
  readonly upgrade: (version: string) => string;
  readonly downgrade: (version: string) => string;
  readonly remove: string;
  /** Ends an installation that stopped at a question. */
  readonly settle: string;
  /** What of the package is there, as the manager says it. */
  readonly state: string;
  /** Where a new default lies beside a file that was changed. */
  readonly beside: string;
}

export const DEB: Manager = {
  name: 'deb',
  install: version => `dpkg --force-unsafe-io -i ${deb(version)}`,
  upgrade: version => `dpkg --force-unsafe-io --force-confold -i ${deb(version)}`,
  downgrade: version => `dpkg --force-unsafe-io --force-confold -i ${deb(version)}`,
  remove: 'dpkg --remove checkrd',
  settle: 'dpkg --force-confold --configure -a >/dev/null; echo $?',
  state: `dpkg-query -W -f '\${db:Status-Abbrev}\${Version}\\n' checkrd 2>/dev/null || echo none`,
  beside: '.dpkg-dist',
};

// The system has no RPM of libc, libstdc++ and systemd that could be asked for: the requirements are looked at elsewhere.
export const RPM: Manager = {
  name: 'rpm',
  install: version => `rpm -i --nodeps ${rpm(version)}`,
  upgrade: version => `rpm -U --nodeps ${rpm(version)}`,
  downgrade: version => `rpm -U --nodeps --oldpackage ${rpm(version)}`,
  remove: 'rpm -e checkrd',
  settle: 'true',
  state: "rpm -q --qf '%{VERSION}-%{RELEASE}\\n' checkrd",
  beside: '.rpmnew',
};

/** One after the other on one machine. */
export function lifeSteps({ install, upgrade, downgrade, remove, settle, state, beside }: Manager) {
  return {
    installed: install(EARLIER),
    files: MODES,
    service:
      'readlink /etc/systemd/system/multi-user.target.wants/checkrd.service; getent passwd checkrd | cut -d: -f6,7',
    doctor: 'checkrd doctor',
    status: 'checkrd status',
    manual: `command -v man >/dev/null || { echo no man; exit; }
      for page in checkrd.1 checkrd-verify.1 checkrd.yaml.5; do man -l /usr/share/man/man\${page##*.}/$page.gz | head -1; done`,
    completion: `[ -e /usr/share/bash-completion/bash_completion ] || { echo none; exit; }
      bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader checkrd; complete -p checkrd'`,
    edited: EDITED,
    used: USED,
    upgraded: `${START}; ${upgrade(NOW)}; echo $?; ${state}; checkrd --version; ${ASK_CRM}; checkrd doctor | grep -v ^ok; echo doctor \${PIPESTATUS[0]}; ${STOP}`,
    kept: `grep -c 'name: api' /etc/checkrd/policy.yaml; grep -c 'id: crm' /etc/checkrd/checkrd.yaml; ls /etc/checkrd/*${beside}`,
    usedAgain: `${START}; ${ASK_CRM}; ${STOP}; checkrd verify --key ${ORIGIN} ${LOG}.1 ${LOG} | tail -1`,
    downgraded: `${downgrade(EARLIER)}; echo $?; ${state}; checkrd --version; grep -c 'name: api' /etc/checkrd/policy.yaml
      ${START}; ${ASK_CRM}; ${STOP}; checkrd verify --key ${ORIGIN} ${LOG}.1 ${LOG} | tail -1`,
    removed: `echo x >/etc/checkrd/policy.d/mine.yaml; cp ${LOG} /drive/before; ${remove}; echo $?; ${state}
      ls -d /usr/bin/checkrd /usr/lib/checkrd; ls /etc/checkrd; cmp ${LOG} /drive/before; ls -d /var/lib/checkrd-agent/keys; getent passwd checkrd | cut -d: -f1`,
    back: `${install(NOW)}; echo $?; ${settle}; ${state}; rm /etc/checkrd/policy.d/mine.yaml
      [ -e /etc/checkrd/policy.yaml.rpmsave ] && for name in policy checkrd; do mv /etc/checkrd/$name.yaml.rpmsave /etc/checkrd/$name.yaml; done
      ${START}; ${ASK_CRM}; ${STOP}; checkrd verify --key ${ORIGIN} ${LOG}.1 ${LOG} | tail -1`,
  };
}

/** After a life: what only Debian's manager knows. */
export const PURGE_STEPS = {
  purged: `cp ${ORIGIN} /drive/origin.pub; dpkg --purge checkrd; echo $?; ${DEB.state}
    ls -d /etc/checkrd /var/lib/checkrd* /usr/lib/checkrd /run/checkrd.pid 2>/dev/null; getent passwd checkrd; getent group checkrd checkrd-ops
    find /var/log/checkrd* -printf '%u:%g %m %p\\n' | sort -k3`,
  verifies: `dpkg-deb -x ${deb(NOW)} /drive/elsewhere; cmp /drive/origin.pub /var/log/checkrd/origin.pub
    /drive/elsewhere/usr/lib/checkrd/node /drive/elsewhere/usr/lib/checkrd/dist/cli/main.cjs verify --key /var/log/checkrd/origin.pub ${LOG}.1 ${LOG} | tail -1`,
  anew: `${DEB.install(NOW)}; echo $?; ls /var/log; ${EDITED}; ${START}; ${ASK_CRM}; ${STOP}
    checkrd verify --key ${ORIGIN} ${LOG} | tail -1
    checkrd verify --key /var/log/checkrd.1/origin.pub /var/log/checkrd.1/audit.jsonl.1 /var/log/checkrd.1/audit.jsonl | tail -1`,
} as const;
