/** A program of its own that makes calls through checkrd when a line of its input says so. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

/**
 * It makes as many calls as a line of its input says, or until a hundred of them were denied (a flood of denials
 * is answered slowly), and answers how each ended; for `h`, how its log is.
 */
const PROGRAM = `
import { createInterface } from 'node:readline';
import { Checkrd, isCheckrdPolicyDenied } from 'checkrd';
const checkrd = new Checkrd();
const guarded = checkrd.wrap(fetch);
let n = 0;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'h') {
    console.log(JSON.stringify(checkrd.healthy().audit));
    continue;
  }
  const ends = {};
  for (let left = Number(line); left > 0 && (ends.audit_unavailable ?? 0) < 100; left--) {
    let end = 'ok';
    try {
      await (await guarded(process.argv[1] + '/' + n++)).text();
    } catch (error) {
      end = isCheckrdPolicyDenied(error) ? error.code : String(error);
    }
    ends[end] = (ends[end] ?? 0) + 1;
  }
  console.log(JSON.stringify(ends));
}
await checkrd.close();
`;

export interface Caller {
  readonly pid: number;
  calls(count: number): Promise<Readonly<Record<string, number>>>;
  health(): Promise<{
    readonly state: string;
    readonly path: string;
    readonly error: { readonly message: string } | null;
  }>;
  end(): Promise<number | null>;
}

/** @param more environment variables */
export function caller(
  t: TestContext,
  home: string,
  audit: string,
  origin: string,
  more: Readonly<Record<string, string>> = {},
): Caller {
  const env = {
    PATH: process.env.PATH,
    CHECKRD_CONFIG_DIR: home,
    CHECKRD_AGENT_ID: 'full',
    CHECKRD_AUDIT_PATH: audit,
    ...more,
  };
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, origin], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const exit = once(child, 'close').then(([code]) => code as number | null);
  t.after(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  assert.ok(child.stdin !== null && child.stdout !== null);
  const { stdin, stdout } = child;
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const ask = async (line: string): Promise<unknown> => {
    stdin.write(`${line}\n`);
    const answer = await lines.next();
    assert.ok(answer.done !== true, 'the program ended');
    return JSON.parse(answer.value);
  };
  return {
    pid: child.pid as number,
    calls: async count => (await ask(`${count}`)) as Readonly<Record<string, number>>,
    health: async () => (await ask('h')) as Awaited<ReturnType<Caller['health']>>,
    end: () => {
      stdin.end();
      return exit;
    },
  };
}
