/**
 * The ready configurations for rsyslog and syslog-ng, run by the real programs while the real logrotate turns the log of
 * the real daemon over: what arrives on the other side is each record, and verifies.
 *
 * Only the path of the log, the address of the other machine and the programs' own folders differ from what is shipped.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { toBase64 } from '#src/core/bytes.js';
import { AUDIT_LINE_MAX_BYTES } from '#src/core/limits.js';
import { AuditBuilder, testSigner } from '../support/audit-builder.js';
import { daemonReady, spawnDaemon } from '../support/daemon-process.js';
import { logrotateSnippet, replaced } from '../support/logrotate-snippet.js';
import { nobody, nobodysFolder, notRoot } from '../support/nobody.js';
import { type SyslogReceiver, syslogReceiver } from '../support/syslog-receiver.js';
import { ask } from '../support/unix-http.js';
import { until } from '../support/until.js';

const ROTATIONS = 3;
/** Answers between two rotations, at least. */
const BETWEEN = 200;
const WORKERS = 4;
const ARRIVE_MS = 30_000;

const SETTINGS =
  'policy: policy.yaml\naudit: { path: logs/audit.jsonl }\ndaemon: { agents: [{ id: crm }], drain_timeout: 1 }\n';
const POLICY = 'default: deny\nrules:\n  - { name: reads, allow: { method: GET, url: api.test/** } }\n';

interface Program {
  readonly name: string;
  readonly config: string;
  /** Nothing comes twice either. Otherwise the receiver keeps one record for each (`log`, `seq`), as it must anyway. */
  readonly once: boolean;
  /** Null: it is not on this machine. */
  readonly path: string | null;
  /** Writes what it needs into `folder` and says how it is called. */
  readonly args: (folder: string, config: string) => readonly string[];
}

/** rsyslog and syslog-ng exclude each other as packages, so one of them may have been unpacked beside the system. */
const RSYSLOG_ROOT = '/opt/rsyslog';

function found(...paths: readonly string[]): string | null {
  return paths.find(path => existsSync(path)) ?? null;
}

const RSYSLOGD = found('/usr/sbin/rsyslogd', `${RSYSLOG_ROOT}/usr/sbin/rsyslogd`);

const PROGRAMS: readonly Program[] = [
  {
    name: 'rsyslog',
    config: 'examples/shippers/rsyslog.conf',
    once: false,
    path: RSYSLOGD,
    args: (folder, config) => {
      const main = join(folder, 'main.conf');
      writeFileSync(main, `global(workDirectory="${folder}")\ninclude(file="${config}")\n`);
      const beside = RSYSLOGD?.startsWith(RSYSLOG_ROOT) === true;
      const modules = join(RSYSLOG_ROOT, 'usr', 'lib', 'x86_64-linux-gnu', 'rsyslog');
      return ['-n', '-f', main, '-i', join(folder, 'pid'), ...(beside ? ['-M', modules] : [])];
    },
  },
  {
    name: 'syslog-ng',
    config: 'examples/shippers/syslog-ng.conf',
    once: true,
    path: found('/usr/sbin/syslog-ng'),
    args: (folder, config) => {
      const main = join(folder, 'main.conf');
      writeFileSync(main, `@version: 3.35\n@include "${config}"\n`);
      const own = ['persist', 'pid', 'ctl'].map(name => join(folder, name)) as [string, string, string];
      return ['-F', '-f', main, '--persist-file', own[0], '--pidfile', own[1], '--control', own[2], '--no-caps'];
    },
  },
];

/** Starts the program on its ready configuration, for this log and this receiver. */
function ships(t: TestContext, program: Program, folder: string, log: string, { port }: SyslogReceiver): ChildProcess {
  const own = join(folder, program.name);
  mkdirSync(own);
  const config = join(own, 'checkrd.conf');
  const portText = program.name === 'rsyslog' ? ['port="601"', `port="${port}"`] : ['port(601)', `port(${port})`];
  const changes = [['/var/log/checkrd/audit.jsonl', log], ['logs.example.com', '127.0.0.1'], portText];
  writeFileSync(config, replaced(program.config, changes as [string, string][]));
  const child = spawn(program.path as string, program.args(own, config), { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  t.after(async () => {
    if (child.exitCode !== null) t.diagnostic(`${program.name} ended by itself: ${said.slice(0, 2000)}`);
    else if (child.kill('SIGKILL')) await once(child, 'close');
  });
  return child;
}

/** The record within a message: what stands before it, and a line break after it, was added. */
const recordOf = (message: string): string => message.slice(message.indexOf('{"')).trimEnd();

const idOf = (line: string): string => {
  const { log, seq } = JSON.parse(line) as { log: string; seq: number };
  return `${log} ${seq}`;
};

const without = (ids: readonly string[], known: ReadonlySet<string>): string[] => ids.filter(id => !known.has(id));

function twice(ids: readonly string[]): string[] {
  const seen = new Set<string>();
  return ids.filter(id => seen.size === seen.add(id).size);
}

function verified(key: string, ...files: readonly string[]): void {
  const args = ['dist/cli/main.js', 'verify', ...files, '--key', key];
  const run = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stdout + run.stderr);
}

/** Calls until `stop`; what it gives counts them. */
function load(socket: string): { count(): number; stop(): Promise<void> } {
  const agent = new Agent({ keepAlive: true, maxSockets: WORKERS });
  let answered = 0;
  let going = true;
  const worker = async (id: number): Promise<void> => {
    for (let n = 0; going; n++) {
      const request = { method: n % 5 === 4 ? 'DELETE' : 'GET', url: `https://api.test/${id}/ä€${n}` };
      const { status, text } = await ask(socket, '/v1/decide', JSON.stringify({ request }), { agent });
      assert.equal(status, 200, text);
      answered++;
    }
  };
  const working = Promise.all(Array.from({ length: WORKERS }, (_, id) => worker(id)));
  working.catch(() => undefined);
  return {
    count: () => answered,
    stop: async () => {
      going = false;
      await working;
      agent.destroy();
    },
  };
}

/** Seen once in about ten runs, on a machine that was busy: too often for what must be green. */
const SOMETIMES_LOSES = 'rsyslog now and then loses the end of a renamed file; `npm run prove` runs it';

for (const program of PROGRAMS) {
  const skip =
    notRoot ||
    (program.path === null && `no ${program.name} on this machine`) ||
    (!program.once && process.env.CHECKRD_SHIPPERS !== 'all' && SOMETIMES_LOSES);

  const promise = `nothing lost${program.once ? ', nothing doubled' : ''}`;
  test(`${program.name}: ${ROTATIONS} rotations under load, ${promise}`, { skip }, async t => {
    const folder = nobodysFolder(t);
    const logs = join(folder, 'logs');
    writeFileSync(join(folder, 'checkrd.yaml'), SETTINGS);
    writeFileSync(join(folder, 'policy.yaml'), POLICY);
    const daemon = spawnDaemon(t, folder, nobody);
    await daemonReady(daemon);
    const rotate = join(folder, 'logrotate.conf');
    writeFileSync(rotate, logrotateSnippet(logs, daemon.pid), { mode: 0o644 });
    const receiver = await syslogReceiver(t);
    ships(t, program, folder, join(logs, 'audit.jsonl'), receiver);
    const calls = load(join(folder, 'agent', 'crm.sock'));
    for (let rotation = 1; rotation <= ROTATIONS; rotation++) {
      const from = calls.count();
      await until('answers', () => calls.count() >= from + BETWEEN);
      const done = spawnSync('logrotate', ['-f', '-s', join(folder, 'logrotate.state'), rotate], { encoding: 'utf8' });
      assert.equal(done.status, 0, done.stderr);
      // A file that is turned over twice before a shipper has looked is a file it has never seen: days lie between, not seconds.
      const opened = `"segment":${rotation},`;
      await until('the new file', () => receiver.messages.some(message => message.includes(opened)), ARRIVE_MS);
    }
    await calls.stop();
    daemon.kill('SIGTERM');
    assert.equal(await daemon.exit, 0, daemon.said());

    for (const name of readdirSync(logs).filter(name => name.endsWith('.gz'))) spawnSync('gunzip', [join(logs, name)]);
    const files = readdirSync(logs).filter(name => /^audit\.jsonl(\.\d+)?$/.test(name));
    assert.equal(files.length, ROTATIONS + 1);
    const written = files.flatMap(name => readFileSync(join(logs, name), 'utf8').trimEnd().split('\n'));
    const gone = written.map(idOf);
    // What has arrived, looked at each time only as far as it is new.
    const came: string[] = [];
    const arrived = new Map<string, string>();
    const take = (): boolean => {
      for (const message of receiver.messages.slice(came.length)) {
        const line = recordOf(message);
        came.push(idOf(line));
        arrived.set(idOf(line), line);
      }
      return arrived.size >= written.length;
    };
    await until('every record', take, ARRIVE_MS).catch(() => undefined);
    const lost = without(gone, new Set(came));
    const foreign = without(came, new Set(gone));
    const doubled = twice(came);
    assert.deepEqual({ lost, foreign }, { lost: [], foreign: [] });
    if (program.once) assert.deepEqual(doubled, []);
    assert.ok(
      written.every(line => arrived.get(idOf(line)) === line),
      'every line, to the byte',
    );
    const copy = join(folder, 'copy.jsonl');
    writeFileSync(copy, `${[...arrived.values()].join('\n')}\n`);
    verified(join(folder, 'keys', 'origin.pub'), copy);
    t.diagnostic(`${written.length} records over ${ROTATIONS} rotations, ${doubled.length} of them twice`);
  });

  test(`${program.name}: a line of the greatest length arrives whole`, { skip }, async t => {
    const folder = nobodysFolder(t);
    const log = new AuditBuilder('host/long/0123456789abcdef', testSigner('long')).started();
    const bare = new AuditBuilder('host/long/0123456789abcdef', testSigner('long'))
      .started()
      .add('later', { text: '' });
    const room = AUDIT_LINE_MAX_BYTES - Buffer.byteLength(bare.files[0]?.[1] as string);
    log.add('later', { text: '€'.repeat(Math.floor(room / 3)) + 'x'.repeat(room % 3) }).checkpoint();
    const lines = log.files[0] as string[];
    assert.equal(Buffer.byteLength(lines[1] as string), AUDIT_LINE_MAX_BYTES);
    const path = join(folder, 'audit.jsonl');
    writeFileSync(path, `${lines.join('\n')}\n`);
    const receiver = await syslogReceiver(t);
    ships(t, program, folder, path, receiver);
    await until('all lines', () => receiver.messages.length >= lines.length, ARRIVE_MS);
    assert.equal(receiver.messages.map(recordOf).join('\n') === lines.join('\n'), true, 'every line, to the byte');
    const copy = join(folder, 'copy.jsonl');
    writeFileSync(copy, `${receiver.messages.map(recordOf).join('\n')}\n`);
    verified(toBase64(log.signer.publicKey), copy);
  });
}
