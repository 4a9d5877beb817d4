import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { Home } from './home.js';
import { until } from './until.js';
import { upstream } from './upstream.js';

/** Deterministic in [0, 1): a small generator (mulberry32), so that a failing run can be repeated by its seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * `rounds` times: a program calls an upstream through checkrd and is killed with SIGKILL at a random moment.
 * After each restart the log verifies, and every call that the upstream saw has its decision record.
 */
export async function crashRounds(rounds: number, seed: number): Promise<{ calls: number }> {
  const random = seeded(seed);
  const home = new Home({ 'policy.yaml': 'default: allow\nrules: []\n', 'checkrd.yaml': 'audit:\n  url_path: raw\n' });
  const server = await upstream();
  const program = 'build/test/integration/programs/caller.js';
  const env = { ...process.env, CHECKRD_CONFIG_DIR: home.dir, CHECKRD_AGENT_ID: 'crash' };
  try {
    for (let round = 0; round < rounds; round++) {
      const seenBefore = server.seen.length;
      const child: ChildProcess = spawn(process.execPath, [program, server.origin, String(round)], {
        env,
        stdio: ['ignore', 'inherit', 'pipe'],
      });
      let said = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      const ended = new Promise<NodeJS.Signals | null>(resolve => child.once('exit', (_, signal) => resolve(signal)));
      await until('the first call of the round', () => server.seen.length > seenBefore || child.exitCode !== null);
      await new Promise(resolve => setTimeout(resolve, random() * 150));
      child.kill('SIGKILL');
      assert.equal(await ended, 'SIGKILL', `round ${round}: the program ended by itself and said: ${said}`);
      restartAndCheck(home, env, server.seen, round);
    }
    return { calls: server.seen.length };
  } finally {
    await server.close();
    home.remove();
  }
}

/** One start that recovers what the kill left and ends well; then the log verifies and holds every call that was seen. */
function restartAndCheck(home: Home, env: NodeJS.ProcessEnv, seen: readonly string[], round: number): void {
  const restart = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', "import { Checkrd } from 'checkrd'; await new Checkrd().close();"],
    { env, encoding: 'utf8' },
  );
  assert.equal(restart.status, 0, `round ${round}: ${restart.stderr}`);
  const verify = spawnSync(
    process.execPath,
    ['dist/cli/main.js', 'verify', home.path('audit', 'crash.jsonl'), '--key', home.path('keys', 'origin.pub')],
    { encoding: 'utf8' },
  );
  assert.equal(verify.status, 0, `round ${round}: ${verify.stdout}${verify.stderr}`);
  const recorded = new Set(
    home
      .records('crash')
      .filter(record => record.type === 'decision')
      .map(record => `GET ${String(record.url_path)}`),
  );
  for (const call of seen) assert.ok(recorded.has(call), `round ${round}: ${call} was seen without a record`);
}
