/** What is tried inside a booted machine (booted-root.ts), by a shell of root's: one step a promise of the units. */

/** 32 bytes that are no secret. */
export const SEED = Buffer.alloc(32, 7).toString('base64');

const NODE = '/usr/lib/checkrd/node';
const MAIN = '/run/checkrd/checkrd.sock';
const CRM = '/run/checkrd/agent/crm.sock';
const LINE = `'{"request":{"method":"GET","url":"https://api.test/"}}'`;
const LOG = '/var/log/checkrd/audit.jsonl';

/** Waits until the shell text holds. */
const until = (holds: string, seconds = 90): string =>
  `for i in $(seq ${seconds * 5}); do if ${holds}; then break; fi; sleep 0.2; done`;
const restarts = 'systemctl show -P NRestarts checkrd';
const isActive = '[ "$(systemctl is-active checkrd)" = active ]';
const asks = (who: string, socket: string): string => `runuser -u ${who} -- /drive/ask ${socket} /v1/decide ${LINE}`;
const code = `sed -E 's/.*"code":"([a-z_]+)".*/\\1/'`;
const refused = (who: string, path: string): string =>
  `runuser -u ${who} -- cat ${path} >/dev/null 2>&1 && echo READ || echo refused`;
const opensNext = `${until(`[ -s ${LOG} ]`)}; head -1 ${LOG} | grep -o segment_opened`;

export const STEPS = {
  started: `
    units='checkrd checkrd@alpha checkrd@beta'
    ${until('! systemctl is-active $units | grep -qv "^active"')}
    for unit in $units; do
      echo $unit $(systemctl show -P Type -P ActiveState -P SubState -P NRestarts $unit)
    done`,
  status: `${until('systemctl show -p StatusText checkrd | grep -q policy')}; systemctl show -p StatusText checkrd`,
  folders: `stat -c '%U:%G %a %n' /var/lib/checkrd /var/lib/checkrd/killswitch.d /var/lib/checkrd-agent \
    /var/lib/checkrd-agents /var/lib/checkrd-agents/alpha /var/log/checkrd ${LOG} \
    /var/log/checkrd-agents /var/log/checkrd-agents/alpha /var/log/checkrd-agents/alpha/audit.jsonl \
    ${MAIN} ${CRM} /run/checkrd-agents/alpha/agent/alpha.sock`,
  decide: asks('crm', CRM),
  stranger: asks('nobody', CRM),
  others: ['nobody', 'crm']
    .flatMap(who =>
      ['/var/lib/checkrd-agent/keys/log.key', LOG, '/run/credentials/checkrd.service/checkrd.agent-key'].map(path =>
        refused(who, path),
      ),
    )
    .join('\n'),
  reader: `runuser -u reader -- head -c 100 ${LOG}`,
  sandbox: `systemctl start probe; ${until('[ "$(systemctl is-active probe)" != active ]')}; cat /drive/probe.json; cat /drive/probe.err`,
  endorsed: `
    for log in ${LOG} /var/log/checkrd-agents/alpha/audit.jsonl; do
      head -1 $log | sed -E 's/.*"endorsed_by":"([0-9a-f]+)".*/\\1/'
    done
    tr '\\0' '\\n' </proc/$(systemctl show -P MainPID checkrd)/environ | grep -c AGENT_KEY | sed 's/^0$/no key/'`,
  reload: `
    [ -e /bin/kill ] && echo /bin/kill || echo no /bin/kill
    mv ${LOG} ${LOG}.1; systemctl reload checkrd
    ${until(`[ -s ${LOG} ]`)}; ${until(isActive)}; systemctl is-active checkrd; ${opensNext}`,
  rotate: `
    logrotate -f /etc/logrotate.d/checkrd
    for log in ${LOG} /var/log/checkrd-agents/alpha/audit.jsonl; do
      ${until('[ -s $log ]')}; stat -c '%U:%G %a' $log; head -1 $log | grep -o segment_opened
    done`,
  killed: `
    systemctl kill --signal=KILL --kill-who=main checkrd
    ${until(`[ "$(${restarts})" = 1 ] && ${isActive}`)}
    echo $(${restarts}) $(systemctl is-active checkrd); ${asks('crm', CRM)}`,
  hung: `
    kill -STOP $(systemctl show -P MainPID checkrd)
    ${until(`[ "$(${restarts})" = 2 ] && ${isActive}`)}
    echo $(${restarts}) $(systemctl is-active checkrd); ${asks('crm', CRM)}
    journalctl -u checkrd --no-pager -o cat | grep -m1 'Watchdog timeout'`,
  instances: `
    inside() { nsenter -t $(systemctl show -P MainPID checkrd@alpha) -m -- "$@"; }
    inside find /var/lib/checkrd-agents /var/log/checkrd-agents -mindepth 1 -maxdepth 1
    inside runuser -u checkrd -- ls /var/lib/checkrd-agent >/dev/null 2>&1 && echo main state SEEN || echo main state refused
    each() { for id in alpha beta; do echo $id $(runuser -u crm -- /drive/ask /run/checkrd-agents/$id/agent/$id.sock /v1/decide ${LINE} | ${code}); done; }
    each; touch /var/lib/checkrd/killswitch.d/alpha; each; rm /var/lib/checkrd/killswitch.d/alpha`,
  mended: `
    cp /etc/checkrd/checkrd.yaml /etc/checkrd/kept; echo 'polcy: x' >>/etc/checkrd/checkrd.yaml
    systemctl restart --no-block checkrd
    ${until('journalctl -u checkrd --no-pager -o cat | [ $(grep -c "settings are not right") -ge 7 ]')}
    systemctl is-active checkrd | sed 's/activating/trying/'
    cat /etc/checkrd/kept >/etc/checkrd/checkrd.yaml
    ${until(isActive)}; systemctl is-active checkrd`,
  agent: `systemctl start crm; ${until('[ "$(systemctl is-active crm)" != active ]')}; cat /drive/crm.json`,
  reported: `grep '"agent_id":"crm"' ${LOG} | grep '"reported":true' | grep '"type":"decision"' | ${code}`,
  notifyReload: `
    echo '[Service]
Type=notify-reload
ExecReload=' >/etc/systemd/system/checkrd.service.d/zz.conf
    if systemd-analyze verify checkrd.service 2>&1 | grep -q notify-reload; then
      echo unknown; rm /etc/systemd/system/checkrd.service.d/zz.conf
    else
      systemctl daemon-reload; mv ${LOG} ${LOG}.9; systemctl reload checkrd
      echo $(systemctl show -P Type -P ActiveState checkrd) $(head -1 ${LOG} | grep -o segment_opened)
    fi`,
  verified: `systemctl stop checkrd; checkrd verify --key /var/lib/checkrd-agent/keys/origin.pub ${LOG} ${LOG}.[0-9]*`,
  journal: 'journalctl --no-pager -o cat -u checkrd -u checkrd@alpha -u crm -u probe | tail -60',
} as const;

const TRIES = `
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { connect } from 'node:net';
const told = act => { try { act(); return 'done'; } catch (error) { return error.code ?? String(error); } };
const writes = path => told(() => fs.writeFileSync(path, 'x'));
const reads = path => told(() => fs.readFileSync(path));
const knocks = (...where) => new Promise(resolve => {
  try {
    const socket = connect(...where).on('error', error => resolve(error.code));
    socket.on('connect', () => { socket.destroy(); resolve('connected'); });
  } catch (error) { resolve(error.code); }
});
const tcp = () => knocks(9, '192.0.2.1');
const unix = path => knocks(path);
`;

export const PROBE_PATH = '/srv/probe.mjs';
export const PROBE = `${TRIES}
const status = fs.readFileSync('/proc/self/status', 'utf8');
const of = name => new RegExp(name + ':\\\\s*(\\\\S+)').exec(status)[1];
const found = {
  state: writes('/var/lib/checkrd-agent/probe'), log: writes('/var/log/checkrd/probe'),
  boot_id: reads('/proc/sys/kernel/random/boot_id'),
  credential: reads(process.env.CREDENTIALS_DIRECTORY + '/checkrd.agent-key'),
  etc: writes('/etc/checkrd/policy.yaml'), switch: writes('/var/lib/checkrd/killswitch'), usr: writes('/usr/lib/checkrd/x'),
  var: writes('/var/lib/x'), run: writes('/run/x') === 'done' ? 'done' : 'refused', instances: told(() => fs.readdirSync('/var/lib/checkrd-agents')),
  home: told(() => fs.readdirSync('/root')),
  setuid_bit: told(() => fs.chmodSync('/var/log/checkrd/probe', 0o4755)),
  tcp: await tcp(), namespace: spawnSync('unshare', ['-U', 'true']).status === 0 ? 'done' : 'refused',
  kernel: writes('/proc/sys/kernel/hostname'),
  uid: execFileSync('id', ['-un'], { encoding: 'utf8' }).trim(), capabilities: of('CapBnd'),
  no_new_privileges: of('NoNewPrivs'), seccomp: of('Seccomp'),
};
fs.rmSync('/var/log/checkrd/probe');
console.log(JSON.stringify(found));
`;

/** The daemon's unit around a program that tries what it must not be able to do. */
export function daemonProbe(unit: string): string {
  return unit
    .replace('Type=notify', 'Type=exec')
    .replace('Restart=always', 'Restart=no')
    .replace('RuntimeDirectory=checkrd', 'RuntimeDirectory=probe')
    .replace('WatchdogSec=30', 'StandardOutput=file:/drive/probe.json\nStandardError=file:/drive/probe.err')
    .replace(/^ExecStart=.*$/m, `ExecStart=${NODE} ${PROBE_PATH}`);
}

export const AGENT = {
  unit: `[Service]
Type=exec
WorkingDirectory=/srv/crm
StandardOutput=append:/drive/crm.json
ExecStartPre=/usr/bin/env -u NODE_OPTIONS ${NODE} /srv/crm/bare.mjs
ExecStart=${NODE} /srv/crm/guarded.mjs
`,
  /** Without the guard: what the kernel alone forbids. */
  bare: `${TRIES}
console.log(JSON.stringify({
  policy: reads('/etc/checkrd/policy.yaml'), write_policy: writes('/etc/checkrd/policy.yaml'),
  write_switch: writes('/var/lib/checkrd/killswitch'), key: reads('/var/lib/checkrd-agent/keys/log.key'),
  log: reads('${LOG}'), main_socket: await unix('${MAIN}'), own_socket: await unix('${CRM}'), tcp: await tcp(),
}));
`,
  guarded: `
const end = url => fetch(url).then(() => 'reached', error => error.code ?? 'no network');
console.log(JSON.stringify({ allowed: await end('https://api.test/'), denied: await end('https://other.test/') }));
`,
} as const;
