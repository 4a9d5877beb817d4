/** Findings about what a test cannot make for real: a full disk, a network filesystem, an old Node, what may not be seen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Facts, InstallationFacts, MachineFacts } from '#src/core/doctor/facts.js';
import { counted, type Finding } from '#src/core/doctor/finding.js';
import { judge } from '#src/core/doctor/judge.js';

const MIB = 1024 * 1024;
const MACHINE: MachineFacts = {
  node: 'v24.21.0',
  lockProgram: '/usr/bin/flock',
  hasMachineId: true,
  nowMs: 1_000_000,
  clockSetBy: 'chrony',
  engine: { sha256: '0'.repeat(64), signedBy: [] },
};
const WELL: InstallationFacts = {
  policies: [
    { path: '/c/policy.yaml', isThere: true, error: null, problem: null, hint: null, rules: 1, mode: 'enforce' },
  ],
  signatures: { isRequired: false, folder: '/c/trust', problem: null, signers: 0, threshold: 0, refused: [] },
  paths: [],
  separation: { asked: null, isDaemon: false, agentUid: 1000, open: [], problem: null },
  kill: { path: '/c/killswitch', engaged: [], missing: [] },
  logs: [
    { path: '/c/a.jsonl', size: 9, error: null, lastTimeMs: 1000, writer: 'free', end: { is: 'agrees', size: 9 } },
  ],
  keys: [{ path: '/c/keys/log.key', mode: 0o600, uid: 1000 }],
  foreignLogs: [],
  room: [{ path: '/c', freeBytes: 10_000 * MIB, freeFiles: 1000 }],
  forecast: { logBytes: MIB, freeBytes: MIB, bytesPerDay: 1, daysUntilFull: 7 },
  network: [],
  socket: null,
};

function findings(installation: Partial<InstallationFacts>, machine: Partial<MachineFacts> = {}): readonly Finding[] {
  const facts: Facts = {
    settings: { path: '/c/checkrd.yaml', isThere: true, problem: null },
    machine: { ...MACHINE, ...machine },
    installation: { ...WELL, ...installation },
  };
  return judge(facts).filter(found => found.grade !== 'ok');
}
const brief = (found: readonly Finding[]): readonly string[] =>
  found.map(({ check, grade, says }) => `${check} ${grade}: ${says}`);

test('all is well where all is', () => {
  assert.deepEqual(findings({}), []);
});

const WELL_SIGNED = { isRequired: true, folder: '/c/trust', problem: null, signers: 2, threshold: 2, refused: [] };

const room = (freeBytes: number, freeFiles: number | null = 1000) => ({ room: [{ path: '/c', freeBytes, freeFiles }] });
const ROWS: readonly (readonly [Partial<InstallationFacts>, Partial<MachineFacts>, RegExp])[] = [
  [room(15 * MIB), {}, /^disk_space failure: 15 MiB are free$/],
  [room(500 * MIB), {}, /^disk_space warning: 500 MiB are free$/],
  [room(5000 * MIB, 3), {}, /^disk_space failure: room for 3 more files$/],
  [
    { forecast: { logBytes: 3 * MIB, freeBytes: MIB, bytesPerDay: MIB / 4, daysUntilFull: 4 } },
    {},
    /^disk_space warning: 3\.0 MiB of log, 1\.0 MiB free, 256 KiB a day; full in 4 days$/,
  ],
  [{ network: [{ path: '/c', kind: 'nfs' }] }, {}, /^network_filesystem warning: it is on nfs/],
  [{}, { node: 'v18.1.0' }, /^node failure: v18\.1\.0 is older than 20\.19$/],
  [{}, { node: 'v20.18.9' }, /^node failure/],
  [{}, { node: 'v20.19.0' }, /^node warning: .*end of life$/],
  [
    { signatures: { ...WELL_SIGNED, signers: 1 } },
    {},
    /^signatures failure: trusted keys: 1, signatures needed: 2; no policy can go live$/,
  ],
  [
    { signatures: { ...WELL_SIGNED, problem: { message: 'unusable', hint: null } } },
    {},
    /^signatures failure: unusable$/,
  ],
  [{ keys: { error: 'EACCES' } }, {}, /^keys unseen: .*EACCES/],
  [
    {
      separation: {
        ...WELL.separation,
        isDaemon: true,
        asked: true,
        open: [{ path: '/c', mode: '777', who: 'everybody' }],
      },
    },
    {},
    /^separation failure: mode 777: everybody could write it, agents among them$/,
  ],
  [{ separation: { ...WELL.separation, problem: 'no such group' } }, {}, /^separation failure: no such group$/],
  [
    { logs: [{ ...(WELL.logs[0] as never as object), error: 'EIO' } as InstallationFacts['logs'][number]] },
    {},
    /^log failure: it cannot be read \(EIO\)$/,
  ],
  [
    { socket: { path: '/c/checkrd.sock', isThere: true, status: null, error: 'ECONNREFUSED' } },
    {},
    /^sockets failure: the daemon does not answer \(ECONNREFUSED\)$/,
  ],
  [
    { socket: { path: '/c/checkrd.sock', isThere: true, status: null, error: 'EACCES' } },
    {},
    /^sockets unseen: it could not be looked at \(EACCES\)$/,
  ],
];

for (const [installation, machine, says] of ROWS) {
  test(`judged: ${says.source}`, () => {
    const found = brief(findings(installation, machine));
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0] ?? '', says);
  });
}

test('settings that do not load leave the machine to be looked at', () => {
  const problem = { message: 'wrong', hint: null };
  const found = judge({ settings: { path: '/c', isThere: true, problem }, machine: MACHINE, installation: null });
  assert.deepEqual(
    found.map(({ check }) => check),
    ['settings', 'engine', 'node', 'lock_program', 'clock'],
  );
  assert.deepEqual(counted(found), { ok: 4, warning: 0, failure: 1, unseen: 0 });
});
