// T-139 of THREAT-MODEL.md.
/** Promise: a package's service starts at boot, goes over to the next version by itself, and ends with the package. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { boot, noBootedRoot, rootCopy } from '../support/booted-root.js';
import { DRIVE, type StepEnd } from '../support/debian-root.js';
import { noMachine } from '../support/package-life.js';
import { ASK_CRM, DEB, EDITED, LOG, type Manager, RPM, until } from '../support/package-steps.js';
import { runs } from '../support/shell.js';
import { EARLIER, NOW, type TwoVersions, twoVersions } from '../support/two-versions.js';

const folder = mkdtempSync(join(tmpdir(), 'checkrd-versions-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
let made: TwoVersions | undefined;

const active = until('[ "$(systemctl is-active checkrd)" = active ]');
const pid = 'systemctl show -P MainPID checkrd';
const allowed = until(`[ "$(${ASK_CRM})" = rule_allowed ]`);
const inSrv = (text: string): string => text.replaceAll(DRIVE, '/srv');

const STEPS = {
  started: `${active}; systemctl is-active checkrd; systemctl is-enabled checkrd; checkrd doctor >/dev/null; echo doctor $?
    checkrd status >/dev/null; echo status $?`,
  edited: `${EDITED}
    mkdir -p /etc/systemd/system/checkrd.service.d; printf '[Service]\\nSupplementaryGroups=crm\\n' >/etc/systemd/system/checkrd.service.d/crm.conf
    systemctl daemon-reload; systemctl restart checkrd; ${allowed}; ${ASK_CRM}`,
  rotated: `logrotate -f /etc/logrotate.d/checkrd; ${until(`[ -s ${LOG} ]`)}; head -1 ${LOG} | grep -o segment_opened; ${ASK_CRM}`,
} as const;

/** What each manager does with a service that runs. */
const managed = ({ upgrade, downgrade, remove, state }: Manager) => ({
  upgraded: `before=$(${pid}); ${inSrv(upgrade(NOW))}; echo $?; ${allowed}; [ "$(${pid})" != $before ] && echo another process
    ${state}; systemctl show -P NRestarts checkrd; ${ASK_CRM}`,
  downgraded: `before=$(${pid}); ${inSrv(downgrade(EARLIER))}; echo $?; ${allowed}; [ "$(${pid})" != $before ] && echo another process
    ${state}; ${ASK_CRM}`,
  removed: `${remove}; echo $?; systemctl is-active checkrd; grep -l "^Uid:.*\\b$(id -u checkrd)\\b" /proc/[0-9]*/status 2>/dev/null || echo no process; stat -c %U ${LOG}`,
});
const INTACT = `checkrd verify --key /var/lib/checkrd-agent/keys/origin.pub ${LOG}.1 ${LOG} | grep -o INTACT`;
const ENDS = {
  deb: {
    back: `${inSrv(DEB.upgrade(NOW))}; echo $?; ${allowed}; systemctl is-active checkrd; ${ASK_CRM}; ${INTACT}`,
    purged: `dpkg --purge checkrd; echo $?; systemctl is-active checkrd; ls -d /etc/checkrd /var/lib/checkrd* 2>/dev/null
      getent passwd checkrd || echo no user; stat -c '%U:%G' ${LOG}`,
  },
  // An .rpm begins nothing by itself, and lays what was edited aside.
  rpm: {
    back: `${inSrv(RPM.install(NOW))}; echo $?; systemctl is-active checkrd
      for name in policy checkrd; do mv /etc/checkrd/$name.yaml.rpmsave /etc/checkrd/$name.yaml; done
      systemctl start checkrd; ${allowed}; ${ASK_CRM}; ${INTACT}`,
  },
} as const;
const JOURNAL = { journal: 'journalctl --no-pager -o cat -u checkrd | tail -40' } as const;

for (const release of ['bookworm', 'trixie'] as const) {
  for (const manager of [DEB, RPM]) {
    const { name: kind } = manager;
    test(`the package under the systemd of ${release}: .${kind}`, { skip: noMachine || noBootedRoot }, async t => {
      const root = rootCopy(t, release);
      if (kind === 'rpm' && !existsSync(join(root, 'usr/bin/rpm')))
        return t.skip('the root has no rpm (made before it was asked for)');
      made ??= twoVersions(folder);
      for (const file of made.files.filter(name => name.endsWith(`.${kind}`)))
        cpSync(file, join(root, 'srv', basename(file)));
      const ends = await installedAndBooted(root, manager);
      const said = (name: string): readonly string[] => (ends[name] as StepEnd).said.split('\n');
      t.diagnostic(
        Object.entries(ends)
          .map(([name, end]) => `${name}: ${end.said}`)
          .join('\n'),
      );
      const now = kind === 'deb' ? `ii ${NOW}-1` : `${NOW}-1`;
      const earlier = now.replace(NOW, EARLIER);
      assert.deepEqual(said('started'), ['active', 'enabled', 'doctor 0', 'status 0']);
      assert.equal(said('edited').at(-1), 'rule_allowed');
      assert.deepEqual(said('rotated'), ['segment_opened', 'rule_allowed']);
      assert.deepEqual(said('upgraded').slice(-5), ['0', 'another process', now, '0', 'rule_allowed']);
      assert.deepEqual(said('downgraded').slice(-4), ['0', 'another process', earlier, 'rule_allowed']);
      assert.deepEqual(said('removed').slice(-4), ['0', 'inactive', 'no process', 'checkrd']);
      const back = kind === 'deb' ? 'active' : 'inactive';
      assert.deepEqual(said('back').slice(-4), ['0', back, 'rule_allowed', 'INTACT']);
      if (kind === 'deb') assert.deepEqual(said('purged').slice(-4), ['0', 'inactive', 'no user', 'root:adm']);
    });
  }
}

/** As an image is made: installed while nothing runs, enabled for the first boot. */
async function installedAndBooted(root: string, manager: Manager): Promise<Readonly<Record<string, StepEnd>>> {
  const install = `mount -t proc proc /proc; ${inSrv(manager.install(EARLIER))}`;
  // A newer rpm wants the root it works in to be a mount: it runs scriptlets apart.
  const enter = 'mount --bind "$0" "$0" && exec chroot "$0" bash -c "$1"';
  runs('unshare', '--net', '--mount', '--pid', '--fork', 'sh', '-c', enter, root, install);
  return await boot(root, { ...STEPS, ...managed(manager), ...ENDS[manager.name], ...JOURNAL });
}
