// T-105 of THREAT-MODEL.md.
/** What systemd says of the units and the examples, without running them. test/prove/booted.test.ts runs them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

const UNITS = ['checkrd.service', 'checkrd@.service'];
const textOf = (unit: string): string => readFileSync(`systemd/${unit}`, 'utf8');
const analyze = (folder: string, ...args: string[]) =>
  spawnSync('systemd-analyze', args, { encoding: 'utf8', env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` } });
const version = Number(/^systemd (\d+)/.exec(analyze('', '--version').stdout ?? '')?.[1] ?? 0);
const skip = version > 0 ? false : 'no systemd-analyze on this machine';

/** Units, examples and an agent, in a folder that systemd takes for one of its own. */
function laidOut(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-unit-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  // The program is not installed here; any that is stands for it. Nor are its pages of the manual.
  for (const unit of UNITS) {
    const text = textOf(unit).replace('/usr/bin/checkrd', '/bin/true');
    writeFileSync(join(folder, unit), text.replace(/^Documentation=.*\n/m, ''));
    mkdirSync(join(folder, `${unit}.d`));
    copyFileSync('examples/systemd/agents-of-the-daemon.conf', join(folder, `${unit}.d`, 'agents.conf'));
  }
  writeFileSync(join(folder, 'crm.service'), '[Service]\nExecStart=/bin/true\n');
  mkdirSync(join(folder, 'crm.service.d'));
  copyFileSync('examples/systemd/agent.conf', join(folder, 'crm.service.d', 'checkrd.conf'));
  return folder;
}

/** Two keys are newer than the oldest systemd that is served. */
const complaints = (said: string): readonly string[] =>
  said
    .split('\n')
    .filter(line => line !== '' && !(version < 254 && /Unknown key '(RestartSteps|RestartMaxDelaySec)'/.test(line)));

for (const unit of ['checkrd.service', 'checkrd@crm.service', 'crm.service']) {
  test(`systemd takes ${unit} without a complaint`, { skip }, t => {
    const verified = analyze(laidOut(t), 'verify', unit);
    assert.equal(verified.status, 0, verified.stderr);
    assert.deepEqual(complaints(verified.stderr), []);
  });
}

for (const unit of UNITS) {
  test(`${unit} is closed as far as V8 lets it be: its exposure is at most 1.5`, { skip }, t => {
    const said = analyze('', 'security', '--offline=true', join(laidOut(t), unit)).stdout;
    const exposure = Number(/exposure level for .*: ([0-9.]+)/.exec(said)?.[1]);
    assert.ok(exposure <= 1.5, `exposure ${exposure}`);
  });

  test(`${unit} keeps what the daemon cannot do without`, () => {
    const text = textOf(unit);
    const kept = ['Type=notify', 'NotifyAccess=all', 'WatchdogSec=30', 'Restart=always', 'StartLimitIntervalSec=0'];
    for (const line of [...kept, 'LimitCORE=0']) assert.match(text, new RegExp(`^${line}$`, 'm'));
    assert.match(text, /^LoadCredential=checkrd\.agent-key/m);
    // Node dies of the first; the others would open what the rest closes.
    for (const key of [
      'MemoryDenyWriteExecute',
      'ConfigurationDirectory',
      'LogsDirectory',
      'ExecPaths',
      'ProcSubset',
    ]) {
      assert.doesNotMatch(text, new RegExp(`^${key}=`, 'm'));
    }
  });
}

/** Keys of the sandbox, in order, without paths and names. */
test('both units are closed alike', () => {
  const sandbox = (unit: string): readonly string[] =>
    textOf(unit)
      .split('\n')
      .filter(line => /^[A-Z]\w+=/.test(line))
      .filter(line => !/checkrd|^(Description|ExecStartPre|TemporaryFileSystem|BindPaths)/.test(line));
  assert.deepEqual(sandbox('checkrd@.service'), sandbox('checkrd.service'));
});
