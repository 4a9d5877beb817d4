/**
 * What a daemon holds after a million decisions, each with its outcome, beside a hello-world `node:http` server after as
 * many requests from the same callers over the same kind of socket.
 *
 * CHECKRD_BENCH_DECISIONS: how many count as the million; the daemon then gets as many again.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, print, ratio } from './measure.js';

const DECISIONS = Number(process.env.CHECKRD_BENCH_DECISIONS ?? 50_000);
const CONNECTIONS = 16;
/** Looks at the memory on the way to a mark: of its last twentieth the median counts, since a heap breathes. */
const LOOKS = 200;
const COUNTED = 10;

const HELLO = `require('node:http').createServer((q, r) => { q.resume(); r.end('hello, world\\n'); }).listen(process.argv[1])`;

export async function benchMemory(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-bench-'));
  writeFileSync(
    join(folder, 'policy.yaml'),
    'default: deny\nrules:\n  - { name: reads, allow: { method: GET, url: "api.test/**" } }\n',
  );
  writeFileSync(join(folder, 'checkrd.yaml'), 'daemon: { agents: [{ id: bench }] }\n');
  const start = (args: readonly string[]): ChildProcess => spawn(process.execPath, args, { stdio: 'ignore' });
  const hello = start(['-e', HELLO, join(folder, 'hello')]);
  const daemon = start(['dist/cli/main.js', 'daemon', '--config', join(folder, 'checkrd.yaml')]);
  try {
    const bare = await marks(hello, join(folder, 'hello'), [1]);
    const ours = await marks(daemon, join(folder, 'agent', 'bench.sock'), [1, 1.5, 2]);
    const mib = (n = Number.NaN): string => `${n.toFixed(0)} MiB`;
    const [one = Number.NaN, half, two = Number.NaN] = ours.map(mark => mark.mib);
    const bareMib = bare[0]?.mib ?? Number.NaN;
    print(`memory after ${DECISIONS} decisions with their outcomes, resident`, [
      `hello world, as many requests ${mib(bareMib)}, at most ${mib(mostMib(hello))}`,
      `daemon ${mib(one)}, at most ${mib(mostMib(daemon))}`,
      `daemon / hello world ${ratio(one, bareMib)} (expected ≤ 2×)`,
      `at 1, 1.5, 2 of that number ${mib(one)}, ${mib(half)}, ${mib(two)}: ${ratio(two, one)} (expected flat)`,
      `decisions a second ${(ours[0]?.perSecond ?? Number.NaN).toFixed(0)}`,
    ]);
  } finally {
    for (const child of [hello, daemon]) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

interface Mark {
  readonly mib: number;
  readonly perSecond: number;
}

/** Memory at each of `parts` of the number of decisions, one load after the other. */
async function marks(child: ChildProcess, socket: string, parts: readonly number[]): Promise<Mark[]> {
  while (!existsSync(socket)) await sleep(10);
  const found: Mark[] = [];
  let made = 0;
  for (const part of parts) {
    const looks: number[] = [];
    const count = Math.round(DECISIONS * part) - made;
    const startMs = performance.now();
    await load(socket, count, () => looks.push(kib(child, 'VmRSS') / 1024));
    made += count;
    found.push({ mib: median(looks.slice(-COUNTED)), perSecond: (count * 1000) / (performance.now() - startMs) });
  }
  return found;
}

const mostMib = (child: ChildProcess): number => kib(child, 'VmHWM') / 1024;

function kib(child: ChildProcess, name: string): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
}

const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: checkrd\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** `count` decisions and as many outcomes; a server that names no request gets the same bytes. */
async function load(socket: string, count: number, look: () => void): Promise<void> {
  const lookEvery = Math.max(1, Math.floor(count / LOOKS));
  let made = 0;
  let ended = 0;
  const decide = (n: number): string =>
    post('/v1/decide', `{"request":{"method":"GET","url":"https://api.test/items/${n}"}}`);
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const to = connect(socket).setEncoding('latin1');
      let waits: 'decision' | 'outcome' = 'decision';
      let text = '';
      const next = (): void => {
        if (made < count) to.write(decide(made++));
        else to.end(resolve);
      };
      to.on('data', (part: string) => {
        text += part;
        const head = text.indexOf('\r\n\r\n');
        const length = /content-length: (\d+)/i.exec(text)?.[1];
        if (head < 0 || text.length < head + 4 + Number(length ?? 0)) return;
        if (!text.startsWith('HTTP/1.1 200')) reject(new Error(text));
        const id = /"request_id":"([^"]+)"/.exec(text)?.[1] ?? '0'.repeat(36);
        text = '';
        if (waits === 'decision') {
          waits = 'outcome';
          to.write(post('/v1/outcome', `{"request_id":"${id}","result":"ok","status_code":200}`));
          return;
        }
        waits = 'decision';
        if (++ended % lookEvery === 0) look();
        next();
      });
      to.on('error', reject);
      next();
    });
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
}
