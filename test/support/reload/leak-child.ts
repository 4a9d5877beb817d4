/**
 * A process of its own (`--expose-gc`) that reloads `count` times and says what is left: `moved` by a clock that it
 * moves, `files` with a whole agent that watches. Prints one JSON line: what was held after a tenth, and in the end.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Checkrd } from 'checkrd';
import type { Generation } from '#src/agent/types.js';
import { Box, text } from './box.js';

export interface Held {
  /** Heap, external memory and array buffers, in bytes. */
  readonly bytes: number;
  /** Address space, which every engine takes gigabytes of, in bytes. */
  readonly virtualBytes: number;
  readonly descriptors: number;
  readonly watches: number;
  /** Engines ever made that are still there. */
  readonly engines: number;
}

let engines = 0;
const gone = new FinalizationRegistry<null>(() => {
  engines -= 1;
});

function keepTrack(generation: Generation | null): void {
  for (const { engine } of generation?.documents ?? []) {
    engines += 1;
    gone.register(engine, null);
  }
}

async function held(): Promise<Held> {
  // What one collection frees may hold what the next one can.
  for (let i = 0; i < 4; i++) {
    await sleep(20);
    (globalThis as { gc?: () => void }).gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  const fds = readdirSync('/proc/self/fd');
  let watches = 0;
  for (const fd of fds) {
    try {
      watches += readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
        .split('\n')
        .filter(line => line.startsWith('inotify ')).length;
    } catch {
      // That of this very listing.
    }
  }
  const virtual = Number(/^VmSize:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
  return {
    bytes: heapUsed + external,
    virtualBytes: virtual,
    descriptors: fds.length,
    watches,
    engines,
  };
}

async function moved(folder: string, count: number): Promise<[Held, Held]> {
  const box = new Box(folder);
  box.write(text('a'));
  box.open();
  let early: Held | null = null;
  for (let i = 1; i <= count; i++) {
    box.rename(text(i % 2 === 0 ? 'a' : 'b'));
    box.source.lookAgain();
    box.clock.advance(20);
    if (box.records.at(-1)?.type !== 'policy_loaded') throw new Error(`reload ${i}: ${box.said().at(-1)}`);
    keepTrack(box.source.current);
    box.records.length = 0;
    // What is gone is told between turns.
    if (i % 16 === 0) await new Promise(resolve => setImmediate(resolve));
    if (i === Math.ceil(count / 10)) early = await held();
  }
  const late = await held();
  await box.source.close();
  return [early ?? late, late];
}

async function files(folder: string, count: number): Promise<[Held, Held]> {
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, text('a'));
  const checkrd = new Checkrd({ agentId: 'leak', configDir: folder });
  let early: Held | null = null;
  for (let i = 1; i <= count; i++) {
    const before = checkrd.healthy().policySha256;
    writeFileSync(`${policy}.new`, text(i % 2 === 0 ? 'a' : 'b'));
    renameSync(`${policy}.new`, policy);
    while (checkrd.healthy().policySha256 === before) await sleep(2);
    if (i === Math.ceil(count / 10)) early = await held();
  }
  const late = await held();
  await checkrd.close();
  return [early ?? late, late];
}

const [way, count] = process.argv.slice(2);
if (way === 'moved' || way === 'files') {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-leak-'));
  mkdirSync(join(folder, 'etc'));
  try {
    console.log(JSON.stringify(await (way === 'moved' ? moved : files)(folder, Number(count))));
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
