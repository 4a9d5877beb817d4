import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

/** Runs a program to its end; it must succeed. */
export function runs(program: string, ...args: readonly string[]): string {
  const done = spawnSync(program, args, { encoding: 'utf8' });
  assert.equal(done.status, 0, `${program} ${args.join(' ')}: ${done.stderr}`);
  return done.stdout;
}

/** Runs JavaScript in a fresh process, as another user when given; answers what it printed. */
export function runsScript(code: string, uid?: number): string {
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
}

/** A shell in another process that runs one line at a time: what it does is not ours. */
export interface OtherProcess {
  run(line: string): Promise<void>;
}

export function otherProcess(t: TestContext): OtherProcess {
  const shell: ChildProcess = spawn('sh', [], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => shell.kill());
  const { stdin, stdout } = shell;
  assert.ok(stdin !== null && stdout !== null);
  return {
    async run(line) {
      stdin.write(`${line}\necho done\n`);
      await once(stdout, 'data');
    },
  };
}
