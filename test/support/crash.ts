import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { Checkrd } from 'checkrd';
import { verify } from '#src/cli/verify.js';
import { runCommand } from './cli-command.js';
import { Home } from './home.js';
import { until } from './until.js';
import { type Upstream, upstream } from './upstream.js';

const AGENT = 'crash';

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

/** What a round's program is told of its log; one is drawn for each. */
const DURABILITIES = ['write', 'fsync'] as const;
const SIGNATURES = ['checkpoint', 'record'] as const;
const TURNS = ['', ', rotate_bytes: 65536'] as const;

/** A machine that does much else takes long to start a program. */
const START_MAX_MS = 120_000;

/** A log grows with its rounds, and each verifies all of it. */
const ROUNDS_A_LOG = 50;

export interface Crashed {
  /** Calls that reached the upstream. */
  readonly calls: number;
  /** Rounds by what the log was told. */
  readonly told: Readonly<Record<string, number>>;
  /** What the starts that followed had to recover. */
  readonly recovered: Readonly<Record<string, number>>;
  readonly files: number;
}

/**
 * `rounds` times: a program calls an upstream through checkrd and is killed with SIGKILL at a random moment.
 * After each restart the log verifies, and every call that the upstream saw has its decision record.
 *
 * @param mixed each round draws durability, signatures and rotation
 */
export async function crashRounds(rounds: number, seed: number, mixed = false): Promise<Crashed> {
  const random = seeded(seed);
  const told: Record<string, number> = {};
  const recovered: Record<string, number> = {};
  let calls = 0;
  let files = 0;
  for (let from = 0; from < rounds; from += ROUNDS_A_LOG) {
    const home = new Home({ 'policy.yaml': 'default: allow\nrules: []\n' });
    const server = await upstream();
    const draw = <T>(of: readonly T[]): T => of[mixed ? Math.floor(random() * of.length) : 0] as T;
    try {
      for (let round = from; round < Math.min(rounds, from + ROUNDS_A_LOG); round += 1) {
        const settings = `durability: ${draw(DURABILITIES)}, signatures: ${draw(SIGNATURES)}${draw(TURNS)}`;
        told[settings] = (told[settings] ?? 0) + 1;
        home.write('checkrd.yaml', `audit: { url_path: raw, ${settings} }\n`);
        await killOne(home, server, round, random);
        await restartAndCheck(home, server.seen, `round ${round} of seed ${seed} (${settings})`);
      }
      const text = textOf(home);
      for (const [, cause] of text.matchAll(/"cause":"(\w+)"/g))
        recovered[`${cause}`] = (recovered[`${cause}`] ?? 0) + 1;
      calls += server.seen.length;
      files += filesOf(home).length;
    } finally {
      await server.close();
      home.remove();
    }
  }
  return { calls, told, recovered, files };
}

async function killOne(home: Home, server: Upstream, round: number, random: () => number): Promise<void> {
  const seenBefore = server.seen.length;
  const env = { ...process.env, CHECKRD_CONFIG_DIR: home.dir, CHECKRD_AGENT_ID: AGENT };
  const program = 'build/test/integration/programs/caller.js';
  const child: ChildProcess = spawn(process.execPath, [program, server.origin, String(round)], {
    env,
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<NodeJS.Signals | null>(resolve => child.once('exit', (_, signal) => resolve(signal)));
  try {
    const begun = () => server.seen.length > seenBefore || child.exitCode !== null;
    await until('the first call of the round', begun, START_MAX_MS);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  await new Promise(resolve => setTimeout(resolve, random() * 150));
  child.kill('SIGKILL');
  assert.equal(await ended, 'SIGKILL', `round ${round}: the program ended by itself and said: ${said}`);
}

/** One start that recovers what the kill left and ends well; then the log verifies and holds every call that was seen. */
async function restartAndCheck(home: Home, seen: readonly string[], what: string): Promise<void> {
  await new Checkrd({ agentId: AGENT, configDir: home.dir }).close();
  const run = await runCommand(verify, ['--key', home.path('keys', 'origin.pub'), ...filesOf(home)]);
  assert.equal(run.code, 0, `${what}: ${run.out.join('\n')}`);
  const recorded = new Set([...textOf(home).matchAll(/"url_path":"([^"]+)"/g)].map(([, path]) => `GET ${path}`));
  for (const call of seen) assert.ok(recorded.has(call), `${what}: ${call} was seen without a record`);
}

function filesOf(home: Home): string[] {
  const names = readdirSync(home.path('audit')).filter(name => /^crash\b.*\.jsonl$/.test(name));
  return names.map(name => home.path('audit', name)).filter(path => lstatSync(path).isFile());
}

const textOf = (home: Home): string =>
  filesOf(home)
    .map(path => readFileSync(path, 'utf8'))
    .join('');
