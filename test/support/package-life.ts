/** The life of a package on a machine, and its accidents, as tests: each step's words against what the documentation promises. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { machine, noRoot, type Release, type StepEnd } from './debian-root.js';
import { accidentSteps, oddSteps, UNPACKING } from './package-accidents.js';
import { DEB, lifeSteps, type Manager, PURGE_STEPS } from './package-steps.js';
import { EARLIER, NOW, type TwoVersions } from './two-versions.js';

/** False, or why nothing can be installed here. */
export const noMachine: string | false =
  process.getuid?.() !== 0
    ? 'only root can put a machine together'
    : process.arch !== 'x64'
      ? 'the packages of this test are for x64'
      : lacking(['debootstrap', 'unshare', 'dpkg-deb', 'rpmbuild', 'rpm']) || forbidden();

/** As the machines are put together. */
function forbidden(): string | false {
  const lays =
    'd=$(mktemp -d); cd $d; mkdir l u w r; mount -t overlay t -o lowerdir=l,upperdir=u,workdir=w r; umount r; cd /; rm -r $d';
  const apart = ['--net', '--uts', '--ipc', '--mount', '--pid', '--fork', '--kill-child'];
  const tried = spawnSync('unshare', [...apart, 'sh', '-ec', lays], { encoding: 'utf8' });
  return tried.status !== 0 && `this machine lets nobody lay one folder over another: ${tried.stderr.trim()}`;
}

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

export async function packageLife(t: TestContext, manager: Manager, release: Release, versions: TwoVersions) {
  const isDeb = manager === DEB;
  const missing = noRoot(release);
  if (missing !== false) return t.skip(missing);
  const ends = await machine(t, release, versions.files).run({
    ...lifeSteps(manager),
    ...(isDeb ? PURGE_STEPS : {}),
  });
  const { end, lines, shows } = lookedAt(ends);
  const state = (version: string): string => stateOf(manager, version);

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

  await t.test('at work as the unit starts it: it decides, reloads, is killed, resumes, rotates, and verifies', () => {
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
  });

  await t.test('upgraded under a daemon at work: edits are kept, nobody is asked, the new default lies beside', () => {
    shows('upgraded', '0', state(NOW), `checkrd ${NOW}`, 'rule_allowed');
    assert.doesNotMatch(end('upgraded').said, /\*\*\* policy/);
    shows('kept', '1', '1', `/etc/checkrd/policy.yaml${manager.beside}`);
    shows('usedAgain', 'rule_allowed', 'INTACT');
  });

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
      shows('back', 'end of file on stdin at conffile prompt', '1', '0', state(NOW), 'rule_allowed', 'INTACT');
    } else shows('back', '0', state(NOW), 'rule_allowed', 'INTACT');
  });

  if (!isDeb) return;
  await t.test('purged: settings, state, user and groups go; the log stays, is root’s, and verifies', () => {
    shows('purged', '0', 'none', 'root:adm 2750 /var/log/checkrd', 'root:adm 640 /var/log/checkrd/audit.jsonl');
    assert.doesNotMatch(end('purged').said, /^\/(etc|var|usr)|^checkrd(-ops)?:\S/m);
    assert.equal(end('verifies').said, 'INTACT');
  });

  await t.test('installed after a purge: a log of its own, and the old one still verifies beside it', () => {
    shows('anew', '0', 'checkrd', 'checkrd.1', 'rule_allowed', 'INTACT', 'INTACT');
  });
}

export async function packageAccidents(t: TestContext, manager: Manager, release: Release, versions: TwoVersions) {
  const isDeb = manager === DEB;
  const missing = noRoot(release);
  if (missing !== false) return t.skip(missing);
  const { files } = versions;
  const cut = lookedAt(await machine(t, release, files).run(accidentSteps(manager)));
  const odd = lookedAt(await machine(t, release, files).run(oddSteps(manager)));

  await t.test('killed while it unpacks: done again it is whole, and nothing of the first lies about', () => {
    const left = isDeb ? `iHR${EARLIER}-1` : 'package checkrd is not installed';
    cut.shows('cutInstall', 'cut', UNPACKING[manager.name], left, '0', stateOf(manager, EARLIER), '0', 'rule_allowed');
  });

  await t.test('no room for an upgrade: the version before stays, works, and no setting is touched', () => {
    cut.shows('full', 'failed', ...(isDeb ? [] : ['failed']), `checkrd ${EARLIER}`);
    cut.shows('full', stateOf(manager, EARLIER), `checkrd ${EARLIER}`, 'rule_allowed', 'kept');
    if (isDeb) assert.match(cut.end('full').said, /no space left/i);
    else assert.match(cut.end('full').said, /more space\nunpacking of archive failed$/m);
  });

  await t.test('an upgrade killed while it unpacks: the version before works, done again the next one does', () => {
    cut.shows('cutUpgrade', 'cut', UNPACKING[manager.name], `checkrd ${EARLIER}`, 'rule_allowed');
    cut.shows('cutUpgrade', '0', stateOf(manager, NOW), `checkrd ${NOW}`, 'kept', '0');
    if (isDeb) return;
    cut.shows('cutRemoved', 'cut', UNPACKING.rpm, `checkrd ${NOW}`, '0', '0');
    assert.doesNotMatch(cut.end('cutRemoved').said, /^\/usr\/lib\/checkrd$/m);
  });

  await t.test(
    '/etc/checkrd is a link: settings lie behind it, it stays one, and purging leaves what it led to',
    () => {
      odd.shows('before', '0', stateOf(manager, EARLIER), '/etc/checkrd -> /srv/conf', 'checkrd.yaml', 'policy.yaml');
      odd.shows('inUse', 'rule_allowed', '0', '1', '/etc/checkrd -> /srv/conf', 'rule_allowed');
      assert.doesNotMatch(odd.end('inUse').said, /^FAILURE/m);
      odd.shows('goes', '0', 'mine');
    },
  );

  await t.test('a user of this name was there before: it is used, and neither changed nor taken away', () => {
    odd.shows('before', '/srv/person:/bin/bash');
    odd.shows('goes', '0', '/srv/person:/bin/bash', '/srv/person');
    odd.shows('goes', '/var/log/checkrd/audit.jsonl');
  });
}

function stateOf(manager: Manager, version: string): string {
  return manager === DEB ? `ii ${version}-1` : `${version}-1`;
}

function lookedAt(ends: Readonly<Record<string, StepEnd>>) {
  const end = (name: string): StepEnd => ends[name] ?? { code: -1, said: 'not taken' };
  const lines = (name: string): readonly string[] =>
    end(name)
      .said.split('\n')
      .map(line => line.trim());
  /** The lines are all there, in this order. */
  const shows = (name: string, ...wanted: readonly string[]): void => {
    let rest = lines(name);
    for (const line of wanted) {
      const at = rest.indexOf(line);
      assert.ok(at >= 0, `${name}: '${line}', in this order, in\n${end(name).said}`);
      rest = rest.slice(at + 1);
    }
  };
  return { end, lines, shows };
}

const ROOT_IS_OLD = 'not looked at, the root has no such program (made before it was asked for)';
