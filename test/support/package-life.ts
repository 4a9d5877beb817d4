/** The life of a package on a machine, as a test: each step's words against what the documentation promises. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { machine, type Release, type StepEnd } from './debian-root.js';
import { DEB, lifeSteps, type Manager, PURGE_STEPS } from './package-steps.js';
import { EARLIER, NOW, type TwoVersions } from './two-versions.js';

/** False, or why nothing can be installed here. */
export const noMachine: string | false =
  process.getuid?.() !== 0
    ? 'only root can put a machine together'
    : process.arch !== 'x64'
      ? 'the packages of this test are for x64'
      : lacking(['debootstrap', 'unshare', 'dpkg-deb', 'rpmbuild', 'rpm']);

function lacking(programs: readonly string[]): string | false {
  const missing = programs.filter(name => spawnSync(name, ['--version']).error !== undefined);
  return missing.length > 0 && `no ${missing.join(', ')} on this machine`;
}

/** What is not root's, 0755 (folders and what is run) or 0644, as it lies on the machine after the installation. */
const NOT_PLAIN: Readonly<Record<string, string>> = {
  '/var/lib/checkrd': 'root:checkrd-ops 2775',
  '/var/lib/checkrd/killswitch.d': 'root:checkrd-ops 2775',
  '/var/log/checkrd': 'checkrd:adm 2750',
};
const THERE = [
  ...['/etc/checkrd/checkrd.yaml', '/etc/checkrd/policy.yaml', '/etc/checkrd/policy.d', '/etc/checkrd/trust/log'],
  ...['/etc/checkrd/agents', '/etc/logrotate.d/checkrd', '/usr/bin/checkrd', '/usr/lib/checkrd/node'],
  ...['/usr/lib/systemd/system/checkrd.service', '/usr/lib/systemd/system/checkrd@.service'],
  ...['/usr/lib/sysusers.d/checkrd.conf', '/usr/lib/tmpfiles.d/checkrd.conf', '/usr/share/checkrd/verifier.html'],
  ...['/usr/share/doc/checkrd/copyright', '/usr/share/doc/checkrd/sbom.cdx.json', '/var/log/checkrd-agents'],
  ...Object.keys(NOT_PLAIN),
];
/** While the daemon is at work. */
const IN_USE = [
  'checkrd:checkrd 755 /run/checkrd',
  'checkrd:checkrd-ops 660 /run/checkrd/checkrd.sock',
  'checkrd:crm 660 /run/checkrd/agent/crm.sock',
  'checkrd:checkrd 700 /var/lib/checkrd-agent',
  'checkrd:checkrd 700 /var/lib/checkrd-agent/keys',
  'checkrd:checkrd 700 /var/lib/checkrd-agent/state',
  'checkrd:adm 640 /var/log/checkrd/audit.jsonl',
];

export function packageLife(manager: Manager, release: Release, versions: () => TwoVersions): void {
  const isDeb = manager === DEB;
  test(`a life of the .${manager.name} on ${release}, without a network`, { skip: noMachine }, async t => {
    const ends = machine(t, release, versions().files).run({ ...lifeSteps(manager), ...(isDeb ? PURGE_STEPS : {}) });
    const end = (name: string): StepEnd => ends[name] ?? { code: -1, said: 'not taken' };
    const lines = (name: string): readonly string[] => end(name).said.split('\n');
    const shows = (name: string, ...wanted: readonly string[]): void => {
      const rest = [...lines(name)];
      for (const line of wanted) {
        const at = rest.indexOf(line);
        assert.ok(at >= 0, `${name}: '${line}', in this order, in\n${end(name).said}`);
        rest.splice(0, at + 1);
      }
    };
    const state = (version: string): string => (isDeb ? `ii ${version}-1` : `${version}-1`);

    await t.test('installed: every file belongs to whom it should, and others write none', () => {
      assert.equal(end('installed').code, 0, end('installed').said);
      const rows = lines('files').map(line => /^(\S+ \d+) (\/.*)$/.exec(line)?.slice(1) as [string, string]);
      for (const [who, path] of rows) {
        const wanted = NOT_PLAIN[path];
        if (wanted !== undefined) assert.equal(who, wanted, path);
        else assert.match(who, /^root:root (755|644)$/, path);
      }
      const paths = rows.map(row => row[1]);
      for (const path of THERE) assert.ok(paths.includes(path), path);
      assert.match(end('service').said, /checkrd\.service\n\/var\/lib\/checkrd-agent:\S*nologin$/);
    });

    await t.test('fresh: doctor finds nothing wrong, status says that all is well, it does not allow anything', () => {
      assert.equal(end('doctor').code, 0, end('doctor').said);
      assert.match(end('doctor').said, /^0 wrong, /m);
      assert.equal(end('status').code, 0, end('status').said);
      assert.match(end('status').said, /^policy .*: 1 rule, enforce/m);
    });

    await t.test('manuals open and the shell completes', () => {
      if (end('manual').said === 'no man' || end('completion').said === 'none') {
        t.diagnostic(`${ROOT_IS_OLD}: ${end('manual').said}, completion: ${end('completion').said}`);
        return;
      }
      assert.deepEqual(
        lines('manual').map(line => line.split(/\s/)[0]),
        ['CHECKRD(1)', 'CHECKRD-VERIFY(1)', 'CHECKRD.YAML(5)'],
      );
      assert.match(end('completion').said, /^complete .*checkrd$/);
    });

    await t.test(
      'at work as the unit starts it: it decides, reloads, is killed, resumes, rotates, and verifies',
      () => {
        assert.equal(end('edited').code, 0, end('edited').said);
        shows('used', 'rule_allowed', ...IN_USE, 'rule_allowed', 'kill_switch', 'rule_allowed');
        shows(
          'used',
          'checkrd:adm 640',
          'segment_opened',
          '/var/log/checkrd/audit.jsonl.1',
          'rule_allowed',
          'status 0',
          'INTACT',
        );
      },
    );

    await t.test(
      'upgraded under a daemon at work: edits are kept, nobody is asked, the new default lies beside',
      () => {
        shows('upgraded', '0', state(NOW), `checkrd ${NOW}`, 'rule_allowed');
        assert.doesNotMatch(end('upgraded').said, /\*\*\* policy/);
        shows('kept', '1', '1', `/etc/checkrd/policy.yaml${manager.beside}`, 'doctor 0');
        shows('usedAgain', 'rule_allowed', 'INTACT');
      },
    );

    await t.test('downgraded: edits are kept, and the earlier version goes on with the log', () => {
      shows('downgraded', '0', state(EARLIER), `checkrd ${EARLIER}`, '1', 'rule_allowed', 'INTACT');
    });

    await t.test('removed: program and units go; settings, state, log and user stay', () => {
      const saved = isDeb ? ['checkrd.yaml'] : ['checkrd.yaml.rpmsave'];
      shows('removed', '0', isDeb ? `rc ${EARLIER}-1` : 'package checkrd is not installed', ...saved);
      shows(
        'removed',
        'policy.d',
        isDeb ? 'policy.yaml' : 'policy.yaml.rpmsave',
        '/var/lib/checkrd-agent/keys',
        'checkrd',
      );
      assert.doesNotMatch(end('removed').said, /differ|^\/usr\/(bin|lib)\/checkrd$/m);
    });

    await t.test('installed again, it goes on with settings, keys and log', () => {
      if (isDeb) {
        // Without an answer to its question, dpkg stops and changes nothing; told to keep, it ends what it began.
        shows('back', ' end of file on stdin at conffile prompt', '1', '0', state(NOW), 'rule_allowed', 'INTACT');
      } else shows('back', '0', state(NOW), 'rule_allowed', 'INTACT');
    });

    if (!isDeb) return;
    await t.test('purged: settings, state, user and groups go; the log stays, is root’s, and verifies', () => {
      shows('purged', '0', 'none', 'root:adm 2750 /var/log/checkrd', 'root:adm 640 /var/log/checkrd/audit.jsonl');
      assert.doesNotMatch(end('purged').said, /^\/(etc|var|usr)|^checkrd|^checkrd-ops/m);
      assert.equal(end('verifies').said, 'INTACT');
    });

    await t.test('installed after a purge: a log of its own, and the old one still verifies beside it', () => {
      shows('anew', '0', 'checkrd', 'checkrd.1', 'rule_allowed', 'INTACT', 'INTACT');
    });
  });
}

const ROOT_IS_OLD = 'not looked at, the root has no such program (made before it was asked for)';
