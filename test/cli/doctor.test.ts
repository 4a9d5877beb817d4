/**
 * `checkrd doctor` on real installations, each broken in one way: one row a finding. T-73
 *
 * Where a finding names a command that mends it, the command is run and the finding must be gone.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import type { MachinePlaces } from '#src/agent/doctor/look-at-machine.js';
import { openLibrary } from '#src/agent/open-library.js';
import { doctorOf } from '#src/cli/doctor.js';
import { toBase64 } from '#src/core/bytes.js';
import { CHECKS, type Check, type Finding, type Grade } from '#src/core/doctor/finding.js';
import { envelopeText, signedBytes } from '#src/core/trust/dsse.js';
import { POLICY_PAYLOAD_TYPE } from '#src/core/trust/policy-payload.js';
import { generateSeed, signerFromSeed } from '#src/crypto/ed25519.js';
import { trustedSigner } from '#src/crypto/trusted-signer.js';
import { asNobody } from '../support/as-nobody.js';
import { runCommand } from '../support/cli-command.js';
import { notRoot } from '../support/nobody.js';
import { tempFolder } from '../support/temp.js';

const POLICY = 'default: deny\nrules:\n  - name: reads\n    allow: { method: GET, url: api.test/x }\n';
const GET = { method: 'GET', url: 'https://api.test/x', headers: [], body: { kind: 'none' } } as const;

/** A machine on which all is well, in a folder of its own. */
function machine(d: string, change: Partial<MachinePlaces> = {}): MachinePlaces {
  mkdirSync(join(d, 'run/chrony'), { recursive: true });
  writeFileSync(join(d, 'run/chrony/chronyd.pid'), '1\n');
  writeFileSync(join(d, 'flock'), '');
  // The log remembers the real one, if there is any.
  const own = '/etc/machine-id';
  writeFileSync(join(d, 'machine-id'), `${'0'.repeat(32)}\n`);
  const machineId = existsSync(own) ? own : join(d, 'machine-id');
  return { machineId, run: join(d, 'run'), programs: d, engine: null, ...change };
}

/** An installation as a library leaves it after its first calls: `home` with all that stands in it. */
async function install(d: string): Promise<string> {
  const home = join(d, 'home');
  mkdirSync(home);
  writeFileSync(join(home, 'policy.yaml'), POLICY);
  writeFileSync(join(home, 'checkrd.yaml'), 'require_separation: false\n');
  const agent = openLibrary({ options: { agentId: 'a' }, env: { CHECKRD_CONFIG_DIR: home } });
  for (let i = 0; i < 3; i++) {
    const begun = agent.begin(GET, { agent: agent.agentId });
    if (begun.kind === 'proceed') begun.call.finish({ result: 'ok' });
  }
  await agent.close();
  return home;
}

/** Made once: opening a log waits for the disk. */
let made: Promise<string> | null = null;
const first = realpathSync(mkdtempSync(join(tmpdir(), 'checkrd-doctor-')));
after(() => rmSync(first, { recursive: true, force: true }));

/** @param own a log that may be written to; else all share one, since its state names the file by its inode. */
async function installed(t: TestContext, own = false): Promise<string> {
  const d = tempFolder(t);
  if (own) return install(d);
  made ??= install(first);
  const from = await made;
  const home = join(d, 'home');
  assert.equal(spawnSync('cp', ['-a', from, home]).status, 0);
  rmSync(log(home));
  linkSync(log(from), log(home));
  return home;
}

interface Said {
  readonly code: number;
  readonly findings: readonly Finding[];
  /** As people see it: another look. */
  readonly text: () => Promise<string>;
}

async function ask(home: string, places: MachinePlaces, env: Readonly<Record<string, string>> = {}): Promise<Said> {
  const around = { env: { CHECKRD_CONFIG_DIR: home, ...env } };
  const command = doctorOf(places);
  const json = await runCommand(command, ['--json'], around);
  assert.equal(json.out.length, 1);
  const { ok, findings } = JSON.parse(json.out[0] ?? '') as { ok: boolean; findings: readonly Finding[] };
  assert.equal(ok, json.code === 0);
  return {
    code: json.code,
    findings,
    text: async () => {
      const people = await runCommand(command, [], around);
      assert.equal(people.code, json.code);
      return people.out.join('\n');
    },
  };
}

const log = (home: string): string => join(home, 'audit/a.jsonl');
const folderOf = (home: string): string => join(home, '..');
function secret(home: string): string {
  const name = readdirSync(join(home, 'keys')).find(key => key.endsWith('.key')) ?? '';
  return join(home, 'keys', name);
}

const SIGNED = 'require_signature: true\nrequire_separation: false\n';

/** Signs the policy as it is, with a key whose public half is put into the trust folder. */
function signPolicy(home: string, change: object = {}): void {
  const signer = signerFromSeed(generateSeed());
  mkdirSync(join(home, 'trust'));
  writeFileSync(join(home, 'trust/a.pub'), `${toBase64(signer.publicKey)}\n`);
  const sha256 = createHash('sha256')
    .update(readFileSync(join(home, 'policy.yaml')))
    .digest('hex');
  const statement = { file: 'policy.yaml', issued: '2026-01-01T00:00:00Z', sha256, version: 1, ...change };
  const payload = Buffer.from(JSON.stringify(statement));
  const signature = signer.sign(signedBytes(POLICY_PAYLOAD_TYPE, payload));
  const { keyId = '' } = trustedSigner(toBase64(signer.publicKey)) ?? {};
  const text = envelopeText({ payloadType: POLICY_PAYLOAD_TYPE, payload, signatures: [{ keyId, signature }] });
  writeFileSync(join(home, 'policy.yaml.dsse'), text);
}

interface Row {
  readonly name: string;
  readonly spoil: (home: string) => unknown;
  readonly check: Check;
  readonly grade: Grade;
  readonly where?: RegExp;
  readonly says: RegExp;
  /** Run, and then the finding is gone. */
  readonly mend?: RegExp;
  readonly code: number;
  readonly settings?: string;
  readonly places?: (home: string) => Partial<MachinePlaces>;
  readonly root?: true;
  /** It writes to the log. */
  readonly ownLog?: true;
}

const ROWS: readonly Row[] = [
  {
    name: 'settings that do not load',
    spoil: home => writeFileSync(join(home, 'checkrd.yaml'), 'polcy: x\n'),
    check: 'settings',
    grade: 'failure',
    where: /checkrd\.yaml$/,
    says: /polcy/,
    code: 1,
  },
  {
    name: 'settings that anyone may write',
    spoil: home => chmodSync(join(home, 'checkrd.yaml'), 0o666),
    check: 'files',
    grade: 'failure',
    where: /checkrd\.yaml$/,
    says: /mode 0666, owner \d+: everyone could change the settings$/,
    mend: /^chmod go-w /,
    code: 1,
  },
  {
    name: 'no policy',
    spoil: home => rmSync(join(home, 'policy.yaml')),
    check: 'policy',
    grade: 'failure',
    says: /there is none: every call is denied/,
    code: 1,
  },
  {
    name: 'a policy that does not load',
    spoil: home => writeFileSync(join(home, 'policy.yaml'), 'default: deny\nrulse: []\n'),
    check: 'policy',
    grade: 'failure',
    says: /would not go live: .*rulse.* at 2:1/,
    code: 1,
  },
  {
    name: 'a policy whose own test fails',
    spoil: home =>
      appendFileSync(
        join(home, 'policy.yaml'),
        'tests:\n  - name: t\n    request: { method: PUT, url: "https://api.test/x" }\n    expect: { result: allow }\n',
      ),
    check: 'policy',
    grade: 'failure',
    says: /would not go live/,
    code: 1,
  },
  {
    name: 'a policy that denies nothing',
    spoil: home => writeFileSync(join(home, 'policy.yaml'), `mode: dry_run\n${POLICY}`),
    check: 'policy',
    grade: 'warning',
    says: /denies nothing/,
    code: 0,
  },
  {
    name: 'a policy that anyone may write',
    spoil: home => chmodSync(join(home, 'policy.yaml'), 0o646),
    check: 'files',
    grade: 'failure',
    says: /everyone could change the policy/,
    mend: /^chmod go-w /,
    code: 1,
  },
  {
    name: 'a policy under two names',
    spoil: home => linkSync(join(home, 'policy.yaml'), join(home, 'other')),
    check: 'files',
    grade: 'warning',
    says: /has 2 names/,
    mend: /^sed /,
    code: 0,
  },
  {
    name: 'a folder above that anyone may write opens all at once',
    spoil: home => chmodSync(folderOf(home), 0o777),
    check: 'files',
    grade: 'failure',
    where: /checkrd-[^/]*$/,
    says: /everyone could change the settings, change the policy, .*release the kill switch, .*change the log$/,
    mend: /^chmod go-w /,
    code: 1,
  },
  {
    name: 'a layer that does not load',
    spoil: home => {
      mkdirSync(join(home, 'policy.d'));
      writeFileSync(join(home, 'policy.d/10-company.yaml'), 'rulse: []\n');
    },
    check: 'policy',
    grade: 'failure',
    where: /10-company\.yaml$/,
    says: /would not go live/,
    code: 1,
  },
  {
    name: 'a file among the layers that is none',
    spoil: home => {
      mkdirSync(join(home, 'policy.d'));
      writeFileSync(join(home, 'policy.d/README'), 'x\n');
    },
    check: 'policy',
    grade: 'failure',
    says: /README/,
    code: 1,
  },
  {
    name: 'no trusted key where signatures are asked for',
    spoil: () => {},
    settings: SIGNED,
    check: 'signatures',
    grade: 'failure',
    where: /trust$/,
    says: /trusted keys: 0, signatures needed: 1/,
    code: 1,
  },
  {
    name: 'a policy that is not signed where it must be',
    spoil: home => {
      signPolicy(home);
      rmSync(join(home, 'policy.yaml.dsse'));
    },
    settings: SIGNED,
    check: 'signatures',
    grade: 'failure',
    where: /policy\.yaml$/,
    says: /it is not signed/,
    code: 1,
  },
  {
    name: 'a policy that was changed after it was signed',
    spoil: home => {
      signPolicy(home);
      appendFileSync(join(home, 'policy.yaml'), '# more\n');
    },
    settings: SIGNED,
    check: 'signatures',
    grade: 'failure',
    says: /changed after it was signed/,
    code: 1,
  },
  {
    name: 'a signature that has expired',
    spoil: home => signPolicy(home, { expires: '2026-01-02T00:00:00Z' }),
    settings: SIGNED,
    check: 'signatures',
    grade: 'failure',
    says: /has expired/,
    code: 1,
  },
  {
    name: 'a signed policy',
    spoil: home => signPolicy(home),
    settings: SIGNED,
    check: 'signatures',
    grade: 'ok',
    says: /^1 of 1 keys must sign, and did$/,
    code: 0,
  },
  {
    name: 'a layer that anyone may write',
    spoil: home => {
      mkdirSync(join(home, 'policy.d'));
      writeFileSync(join(home, 'policy.d/10-company.yaml'), POLICY);
      chmodSync(join(home, 'policy.d/10-company.yaml'), 0o666);
    },
    check: 'files',
    grade: 'failure',
    where: /10-company\.yaml$/,
    says: /everyone could change a layer/,
    mend: /^chmod go-w /,
    code: 1,
  },
  {
    name: 'a folder of signers that anyone may write',
    spoil: home => {
      mkdirSync(join(home, 'trust'));
      chmodSync(join(home, 'trust'), 0o777);
    },
    check: 'files',
    grade: 'failure',
    says: /everyone could add a signer of policies/,
    mend: /^chmod go-w /,
    code: 1,
  },
  {
    name: 'a signer of another user',
    spoil: home => {
      mkdirSync(join(home, 'trust'));
      writeFileSync(join(home, 'trust/a.pub'), 'x\n');
      chownSync(join(home, 'trust/a.pub'), 65_534, 0);
    },
    check: 'files',
    grade: 'failure',
    where: /trust\/a\.pub$/,
    says: /user 65534 could replace a signer/,
    mend: /^chown /,
    code: 1,
    root: true,
  },
  {
    name: 'keys that others may look at',
    spoil: home => chmodSync(join(home, 'keys'), 0o755),
    check: 'files',
    grade: 'warning',
    where: /keys$/,
    says: /mode 0755: others may look into it/,
    mend: /^chmod 700 /,
    code: 0,
  },
  {
    name: 'a state folder that others may look at',
    spoil: home => chmodSync(join(home, 'state'), 0o750),
    check: 'files',
    grade: 'warning',
    where: /state$/,
    says: /others may look into it/,
    mend: /^chmod 700 /,
    code: 0,
  },
  {
    name: 'approvals that anyone may give',
    spoil: home => {
      mkdirSync(join(home, 'approvals'));
      chmodSync(join(home, 'approvals'), 0o777);
    },
    check: 'files',
    grade: 'failure',
    says: /everyone could put an approval there/,
    mend: /^chmod go-w /,
    code: 1,
  },
  {
    name: 'a log that others may read',
    spoil: home => chmodSync(log(home), 0o644),
    check: 'files',
    grade: 'warning',
    where: /a\.jsonl$/,
    says: /mode 0644/,
    mend: /^chmod 640 /,
    code: 0,
  },
  {
    name: 'a folder in the place of the policy',
    spoil: home => {
      rmSync(join(home, 'policy.yaml'));
      mkdirSync(join(home, 'policy.yaml'));
    },
    check: 'files',
    grade: 'failure',
    says: /should be a file/,
    code: 1,
  },
  {
    name: 'a library that could change what binds it',
    spoil: () => {},
    settings: 'agent_id: a\n',
    check: 'separation',
    grade: 'warning',
    says: /user \d+, as whom the agent runs, could change what binds it: .*policy\.yaml/,
    code: 0,
  },
  {
    name: 'a daemon whose agents are in a group that may write the policy',
    spoil: home => {
      chownSync(join(home, 'policy.yaml'), 0, 1);
      chmodSync(join(home, 'policy.yaml'), 0o664);
    },
    settings: 'operators_group: "1"\ndaemon: { agents: [{ id: a, group: "1" }] }\nrequire_separation: false\n',
    check: 'separation',
    grade: 'warning',
    where: /policy\.yaml$/,
    says: /group 1 could write it, agents among them/,
    mend: /^chmod go-w /,
    code: 1,
    root: true,
  },
  {
    name: 'an engaged switch',
    spoil: home => writeFileSync(join(home, 'killswitch'), ''),
    check: 'kill_switch',
    grade: 'warning',
    where: /killswitch$/,
    says: /engaged/,
    code: 0,
  },
  {
    name: 'an engaged switch of one agent',
    spoil: home => writeFileSync(join(home, 'killswitch.d/a'), ''),
    check: 'kill_switch',
    grade: 'warning',
    where: /killswitch\.d\/a$/,
    says: /engaged/,
    code: 0,
  },
  {
    name: 'no folder for the switch of one agent',
    spoil: home => rmSync(join(home, 'killswitch.d'), { recursive: true }),
    check: 'kill_switch',
    grade: 'warning',
    says: /not there/,
    mend: /^mkdir -p /,
    code: 0,
  },
  {
    name: 'no switch',
    spoil: () => {},
    settings: 'killswitch: false\nrequire_separation: false\n',
    check: 'kill_switch',
    grade: 'warning',
    says: /none is configured/,
    code: 0,
  },
  {
    name: 'a log that lost its end',
    spoil: home => truncateSync(log(home), lstatSync(log(home)).size - 100),
    check: 'log',
    grade: 'failure',
    where: /a\.jsonl$/,
    says: /shorter than the \d+ records known/,
    ownLog: true,
    code: 1,
  },
  {
    name: 'a log with another end',
    spoil: home => {
      const text = readFileSync(log(home), 'utf8');
      const at = text.lastIndexOf('"prev":"') + 8;
      const fd = text[at] === 'a' ? 'b' : 'a';
      writeFileSync(log(home), text.slice(0, at) + fd + text.slice(at + 1));
    },
    check: 'log',
    grade: 'failure',
    says: /is not the one that its state names/,
    ownLog: true,
    code: 1,
  },
  {
    name: 'a log in the place of which stands another',
    spoil: home => {
      const text = readFileSync(log(home));
      renameSync(log(home), join(home, 'elsewhere'));
      writeFileSync(log(home), text);
    },
    check: 'log',
    grade: 'failure',
    says: /is not beside it/,
    code: 1,
  },
  {
    name: 'a log that is gone',
    spoil: home => rmSync(log(home)),
    check: 'log',
    grade: 'failure',
    says: /is not beside it/,
    code: 1,
  },
  {
    name: 'a log without a state',
    spoil: home => rmSync(`${log(home)}.state`),
    check: 'log',
    grade: 'warning',
    says: /no state file/,
    code: 0,
  },
  {
    name: 'a state that is none',
    spoil: home => writeFileSync(`${log(home)}.state`, 'x\n'),
    check: 'log',
    grade: 'failure',
    says: /state file is none/,
    code: 1,
  },
  {
    name: 'a key that others may read',
    spoil: home => chmodSync(secret(home), 0o640),
    check: 'keys',
    grade: 'failure',
    where: /\.key$/,
    says: /mode 0640: others may read the key/,
    mend: /^chmod 600 /,
    code: 1,
  },
  {
    name: 'a key of another user',
    spoil: home => chownSync(secret(home), 65_534, 0),
    check: 'keys',
    grade: 'failure',
    says: /belongs to user 65534/,
    mend: /^chown /,
    code: 1,
    root: true,
  },
  {
    name: 'a daemon that is not running',
    spoil: () => {},
    settings: 'daemon: { agents: [{ id: a }] }\nrequire_separation: false\n',
    check: 'sockets',
    grade: 'failure',
    says: /is not running/,
    code: 1,
  },
  {
    name: 'an engine that is not the pinned one',
    spoil: home => writeFileSync(join(home, 'engine.wasm'), 'x'),
    places: home => ({ engine: join(home, 'engine.wasm') }),
    check: 'engine',
    grade: 'failure',
    says: /its SHA-256 is not the pinned one/,
    code: 1,
  },
  {
    name: 'an engine of the settings that nobody signed',
    spoil: home => writeFileSync(join(home, 'engine.wasm'), 'x'),
    settings: 'engine: engine.wasm\nrequire_separation: false\n',
    check: 'engine',
    grade: 'failure',
    says: /nobody signed it/,
    code: 1,
  },
  {
    name: 'no flock',
    spoil: () => {},
    places: () => ({ programs: '/nonexistent' }),
    check: 'lock_program',
    grade: 'warning',
    says: /no `flock`/,
    code: 0,
  },
  {
    name: 'no machine ID',
    spoil: () => {},
    places: () => ({ machineId: '/nonexistent' }),
    check: 'machine_id',
    grade: 'warning',
    says: /no ID/,
    code: 0,
  },
  {
    name: 'an installation copied from another machine',
    spoil: home => {
      const name = readdirSync(join(home, 'keys')).find(file => /^[0-9a-f]{16}\.pub$/.test(file)) ?? '';
      writeFileSync(join(home, 'keys', name.replace('.pub', '.machine')), `${'f'.repeat(64)}\n`);
    },
    check: 'machine_id',
    grade: 'warning',
    where: /a\.jsonl$/,
    says: /begun on another machine/,
    code: 0,
  },
  {
    name: 'nothing that sets the clock',
    spoil: () => {},
    places: () => ({ run: '/nonexistent' }),
    check: 'clock',
    grade: 'warning',
    says: /this machine’s own word/,
    code: 0,
  },
  {
    name: 'a clock behind the log',
    spoil: home => {
      const text = readFileSync(log(home), 'utf8');
      const at = text.lastIndexOf('"time":"') + 8;
      writeFileSync(log(home), `${text.slice(0, at)}9${text.slice(at + 1)}`);
    },
    check: 'clock',
    grade: 'failure',
    says: /seconds behind the last record/,
    ownLog: true,
    code: 1,
  },
];

for (const row of ROWS) {
  test(`doctor: ${row.name}`, { skip: row.root === true && notRoot }, async t => {
    const home = await installed(t, row.ownLog);
    if (row.settings !== undefined) writeFileSync(join(home, 'checkrd.yaml'), row.settings);
    row.spoil(home);
    const places = machine(folderOf(home), row.places?.(home));
    const isIt = ({ check, grade, where, says }: Finding): boolean =>
      check === row.check && grade === row.grade && row.says.test(says) && (row.where?.test(where ?? '') ?? true);
    const { code, findings } = await ask(home, places);
    const found = findings.find(isIt);
    assert.ok(found, JSON.stringify(findings, null, 1));
    assert.equal(code, row.code, JSON.stringify(findings, null, 1));
    if (row.mend === undefined) return;
    assert.match(found.mend ?? '', row.mend);
    const mended = spawnSync('sh', ['-c', found.mend ?? ''], { encoding: 'utf8' });
    assert.equal(mended.status, 0, mended.stderr);
    assert.equal((await ask(home, places)).findings.find(isIt), undefined, found.mend ?? '');
  });
}

test('doctor: a sound installation is found to be one, and nothing in it is touched', async t => {
  const home = await installed(t);
  const places = machine(folderOf(home));
  // Times of reading count: a look that opens a FIFO or a secret would show.
  const before = spawnSync('sh', ['-c', 'ls -lRin --time-style=full-iso "$0"; cat "$0"/*.yaml "$0"/audit/*', home]);
  const { code, findings, text } = await ask(home, places);
  const after = spawnSync('sh', ['-c', 'ls -lRin --time-style=full-iso "$0"; cat "$0"/*.yaml "$0"/audit/*', home]);
  assert.deepEqual(after.stdout, before.stdout);
  assert.equal(code, 0);
  const expected = process.version.startsWith('v20.') ? ['node'] : [];
  assert.deepEqual(
    findings.filter(found => found.grade !== 'ok').map(found => found.check),
    expected,
  );
  assert.deepEqual(
    CHECKS.filter(check => !findings.some(found => found.check === check)),
    [],
  );
  const bytes = readFileSync(secret(home), 'utf8').trim();
  assert.ok(!(await text()).includes(bytes) && !JSON.stringify(findings).includes(bytes));
});

test('doctor: nothing is there yet, and that is said without making it', async t => {
  const d = tempFolder(t);
  const home = join(d, 'home');
  const { code, findings } = await ask(home, machine(d));
  assert.equal(code, 1);
  assert.deepEqual(
    findings.filter(found => found.grade === 'failure').map(found => found.check),
    ['policy'],
  );
  assert.ok(!existsSync(home));
});

test('doctor: a daemon that answers is asked, a dead socket is no daemon', async t => {
  const home = await installed(t);
  const places = machine(folderOf(home));
  const socket = join(home, 'checkrd.sock');
  let status = 'ok';
  const server = createServer((_, response) => response.end(JSON.stringify({ status })));
  t.after(() => server.close());
  await new Promise<void>(resolve => server.listen(socket, resolve));
  const grades: unknown[] = [];
  const look = async () => {
    const { code, findings } = await ask(home, places);
    grades.push([code, findings.find(found => found.check === 'sockets')?.grade]);
  };
  await look();
  status = 'degraded';
  await look();
  status = 'failing';
  await look();
  rmSync(socket);
  symlinkSync('policy.yaml', socket);
  await look();
  assert.deepEqual(grades, [
    [0, 'ok'],
    [0, 'warning'],
    [1, 'failure'],
    [1, 'failure'],
  ]);
});

test('doctor: another user is told what it could not see', { skip: notRoot }, async t => {
  const home = await installed(t);
  for (const path of [home, folderOf(home)]) chmodSync(path, 0o755);
  const { out, err } = asNobody(
    `process.argv = [process.argv[0], 'checkrd', 'doctor', '--json'];
     await import('${process.cwd()}/dist/cli/main.js');`,
    { CHECKRD_CONFIG_DIR: home },
  );
  const { ok, counts, findings } = JSON.parse(out || err) as {
    ok: boolean;
    counts: Record<Grade, number>;
    findings: Finding[];
  };
  assert.equal(ok, false);
  assert.equal(counts.failure, 0, out);
  const unseen = findings.filter(found => found.grade === 'unseen').map(found => found.check);
  for (const check of ['keys', 'log'] as const) assert.ok(unseen.includes(check), `${check}: ${out}`);
  assert.ok(findings.some(found => found.check === 'policy' && found.grade === 'ok'));
});

test('doctor: what stands in a name moves no cursor', async t => {
  const home = await installed(t);
  mkdirSync(join(home, 'policy.d'));
  const path = join(home, 'policy.d/\u001b[2J.yaml');
  writeFileSync(path, POLICY);
  chmodSync(path, 0o666);
  const text = await (await ask(home, machine(folderOf(home)))).text();
  assert.ok(!text.includes('\u001b'));
  assert.match(text, /^FAILURE {3}files +.*: everyone could change a layer\n {10}run: chmod go-w /m);
  assert.match(text, /\n2 wrong, \d+ to know, 0 not seen, \d+ well$/);
});
