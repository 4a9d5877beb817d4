// T-105, T-106, T-108, T-109, T-110, T-111 of THREAT-MODEL.md.
/**
 * Promise: the units do under a real systemd what they say. Each release boots once, with the daemon, two daemons for one
 * agent each, and an agent bound by the example. What a control group would hold back (addresses) is not shown here.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { LocalIdentity } from '#src/crypto/identity.js';
import { boot, installTree, noBootedRoot, rootCopy } from '../support/booted-root.js';
import { AGENT, daemonProbe, PROBE, PROBE_PATH, SEED, STEPS } from '../support/booted-steps.js';
import { put, type Release, type StepEnd } from '../support/debian-root.js';
import { runs } from '../support/shell.js';

const example = (name: string): string => readFileSync(`examples/systemd/${name}`, 'utf8');
const POLICY = 'default: deny\nrules:\n  - name: api\n    allow: { method: GET, url: "api.test/**" }\n';

/** As an administrator would: users, settings, policies, drop-ins, a credential, units that start at boot. */
function furnished(t: TestContext, release: Release): string {
  const root = rootCopy(t, release);
  installTree(root);
  runs('chroot', root, 'systemd-sysusers');
  for (const user of ['crm', 'reader']) runs('chroot', root, 'useradd', '--system', '--user-group', user);
  runs('chroot', root, 'usermod', '-aG', 'adm', 'reader');
  put(root, '/etc/checkrd/checkrd.yaml', example('checkrd.yaml'));
  put(root, '/etc/checkrd/policy.yaml', POLICY);
  put(root, '/etc/checkrd/library/crm/checkrd.yaml', example('library.yaml'));
  for (const id of ['alpha', 'beta']) {
    const settings = example('checkrd@crm.yaml').replace('group: crm', 'group: GROUP').replaceAll('crm', id);
    put(root, `/etc/checkrd/agents/${id}/checkrd.yaml`, settings.replace('GROUP', 'crm'));
    put(root, `/etc/checkrd/agents/${id}/policy.yaml`, id === 'alpha' ? POLICY : 'default: deny\nrules: []\n');
  }
  const units = '/etc/systemd/system';
  for (const unit of ['checkrd.service', 'checkrd@.service']) {
    put(root, `${units}/${unit}.d/agents.conf`, example('agents-of-the-daemon.conf'));
    // A hung process is to be found within this test.
    put(root, `${units}/${unit}.d/test.conf`, '[Service]\nWatchdogSec=12\n');
  }
  put(root, '/etc/credstore/checkrd.agent-key', `${SEED}\n`, 0o600);
  put(root, '/etc/credstore/checkrd.agent-key.alpha', `${SEED}\n`, 0o600);
  put(root, `${units}/probe.service`, daemonProbe(readFileSync('systemd/checkrd.service', 'utf8')));
  put(root, PROBE_PATH, PROBE);
  put(root, `${units}/crm.service`, AGENT.unit);
  put(root, `${units}/crm.service.d/checkrd.conf`, example('agent.conf'));
  put(root, '/srv/crm/bare.mjs', AGENT.bare);
  put(root, '/srv/crm/guarded.mjs', AGENT.guarded);
  runs('mkdir', '-p', `${root}/srv/crm/node_modules`);
  runs('ln', '-s', '/usr/lib/checkrd', `${root}/srv/crm/node_modules/checkrd`);
  runs('systemctl', `--root=${root}`, 'enable', 'checkrd.service', 'checkrd@alpha.service', 'checkrd@beta.service');
  return root;
}

for (const release of ['bookworm', 'trixie'] as const) {
  test(`the units under the systemd of ${release}`, { skip: noBootedRoot }, async t => {
    const root = furnished(t, release);
    const ends = await boot(root, STEPS);
    const end = (name: keyof typeof STEPS): StepEnd => ends[name] ?? { code: -1, said: 'not taken' };
    const lines = (name: keyof typeof STEPS): readonly string[] => end(name).said.split('\n');

    await t.test('they start at boot, are ready, and say how they are', () => {
      assert.deepEqual(lines('started'), [
        'checkrd notify 0 active running',
        'checkrd@alpha notify 0 active running',
        'checkrd@beta notify 0 active running',
      ]);
      assert.match(end('status').said, /^StatusText=ok, strict, 1 agent, policy [0-9a-f]{12}$/m);
    });

    await t.test('folders belong to whom they should', () => {
      assert.deepEqual(lines('folders'), [
        'root:checkrd-ops 2775 /var/lib/checkrd',
        'root:checkrd-ops 2775 /var/lib/checkrd/killswitch.d',
        'checkrd:checkrd 700 /var/lib/checkrd-agent',
        'root:root 755 /var/lib/checkrd-agents',
        'checkrd:checkrd 700 /var/lib/checkrd-agents/alpha',
        'checkrd:adm 2750 /var/log/checkrd',
        'checkrd:adm 640 /var/log/checkrd/audit.jsonl',
        'root:root 755 /var/log/checkrd-agents',
        'checkrd:adm 2750 /var/log/checkrd-agents/alpha',
        'checkrd:adm 640 /var/log/checkrd-agents/alpha/audit.jsonl',
        'checkrd:checkrd-ops 660 /run/checkrd/checkrd.sock',
        'checkrd:crm 660 /run/checkrd/agent/crm.sock',
        'checkrd:crm 660 /run/checkrd-agents/alpha/agent/alpha.sock',
      ]);
    });

    await t.test('an agent is answered at its socket, another user is not', () => {
      assert.match(end('decide').said, /^200 .*"code":"rule_allowed"/);
      assert.equal(end('stranger').said, 'EACCES');
    });

    await t.test('another user reads neither key nor log; the group adm reads the log', () => {
      assert.deepEqual(
        lines('others'),
        Array.from({ length: 6 }, () => 'refused'),
      );
      assert.equal(end('reader').code, 0, end('reader').said);
    });

    await t.test('the sandbox is in force: outside its folders nothing is written or reached', () => {
      assert.deepEqual(JSON.parse(end('sandbox').said), {
        ...{ state: 'done', log: 'done', boot_id: 'done', credential: 'done' },
        ...{
          etc: 'EROFS',
          switch: 'EROFS',
          usr: 'EROFS',
          var: 'EROFS',
          run: 'refused',
          instances: 'EACCES',
          home: 'EACCES',
        },
        ...{ setuid_bit: 'EPERM', tcp: 'EAFNOSUPPORT', namespace: 'refused', kernel: 'EROFS' },
        ...{ uid: 'checkrd', capabilities: '0000000000000000', no_new_privileges: '1', seccomp: '2' },
      });
    });

    await t.test('a credential endorses the log, and the environment holds no key', () => {
      assert.equal(end('endorsed').said, [IDENTITY.keyId, IDENTITY.keyId, 'no key'].join('\n'));
    });

    await t.test('reload begins the next file, without /bin/kill, and stays active', () => {
      assert.deepEqual(lines('reload'), ['no /bin/kill', 'active', 'segment_opened']);
    });

    await t.test("logrotate with the snippet turns over the daemon's log and that of an instance", () => {
      const turned = ['checkrd:adm 640', 'segment_opened'];
      assert.deepEqual(lines('rotate'), [...turned, ...turned]);
    });

    await t.test('after kill -9 it is back by itself, answers, and the log verifies', () => {
      assert.match(end('killed').said, /^1 active\n200 .*rule_allowed/);
    });

    await t.test('one that hangs is killed by the watchdog and started anew', () => {
      assert.match(end('hung').said, /^2 active\n200 .*rule_allowed.*\n.*Watchdog timeout/);
    });

    await t.test('of one daemon for each agent none sees the files of another, and each has policy and switch', () => {
      assert.deepEqual(lines('instances'), [
        '/var/lib/checkrd-agents/alpha',
        '/var/log/checkrd-agents/alpha',
        'main state refused',
        'alpha rule_allowed',
        'beta default_denied',
        'alpha kill_switch',
        'beta default_denied',
      ]);
    });

    await t.test('it never gives up: settings that are mended are enough', () => {
      assert.deepEqual(lines('mended'), ['trying', 'active']);
    });

    await t.test('an agent bound by the example asks, reads its policy, and can do nothing else', () => {
      const [bare = '', guarded] = lines('agent');
      assert.deepEqual(JSON.parse(bare), {
        ...{ policy: 'done', write_policy: 'EROFS', write_switch: 'EROFS', key: 'EACCES', log: 'EACCES' },
        ...{ main_socket: 'EACCES', own_socket: 'connected', tcp: 'EAFNOSUPPORT' },
      });
      assert.equal(guarded, '{"allowed":"no network","denied":"default_denied"}');
      const reported = lines('reported');
      assert.ok(reported.includes('rule_allowed') && reported.includes('default_denied'), end('reported').said);
    });

    await t.test('Type=notify-reload, where systemd knows it, waits for the reload', () => {
      if (release === 'bookworm') assert.match(end('notifyReload').said, /unknown/);
      else assert.match(end('notifyReload').said, /^notify-reload active segment_opened$/);
    });

    await t.test('the whole log verifies with the key it began with', () => {
      assert.equal(end('verified').code, 0, end('verified').said);
    });
  });
}

const IDENTITY = LocalIdentity.fromText(SEED) as LocalIdentity;
