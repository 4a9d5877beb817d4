/** `decide --batch` against a pipe that only parses, reads a URL and prints: whole processes, in turn. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { median, print, ratio, time } from './measure.js';

const LOAD = {
  default: 'deny',
  rules: [
    { name: 'reads', allow: { method: 'GET', url: 'api.test/v1/*/x' } },
    { name: 'no-deletes', deny: { method: 'DELETE', url: '*' } },
  ],
};

export async function benchBatch(lines = 200_000, rounds = 5): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-bench-'));
  try {
    const input = join(folder, 'lines.jsonl');
    writeFileSync(input, text(lines));
    const programs = [['dist/cli/main.js', 'decide', '--batch'], ['build/bench/peer-pipe.js']] as const;
    const taken = programs.map(() => [] as number[]);
    for (let round = 0; round < rounds; round++) {
      for (const [i, program] of programs.entries()) taken[i]?.push(await run(program, input));
    }
    const [ours = 0, pipe = 0] = taken.map(ms => (median(ms) * 1e6) / lines);
    print(`decide --batch, ${lines} lines, start included`, [
      `checkrd decide --batch  ${time(ours)} a line`,
      `parse, URL, print       ${time(pipe)} a line`,
      `ratio                   ${ratio(ours, pipe)}`,
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

function text(lines: number): string {
  const out = [JSON.stringify({ load: LOAD })];
  for (let i = 1; i < lines; i++) {
    const request = {
      method: i % 3 === 0 ? 'DELETE' : 'GET',
      url: `https://api.test/v1/c${i}/x?y=1`,
      headers: [['content-type', 'application/json']],
    };
    out.push(JSON.stringify({ request, agent: 'crm', at: '2026-01-07T12:00:00Z' }));
  }
  return `${out.join('\n')}\n`;
}

/** Milliseconds from start to exit. */
async function run(args: readonly string[], input: string): Promise<number> {
  const fd = openSync(input, 'r');
  const start = performance.now();
  const child = spawn(process.execPath, [...args], { stdio: [fd, 'pipe', 'inherit'] });
  child.stdout?.resume();
  const [code] = (await once(child, 'exit')) as [number | null];
  closeSync(fd);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`);
  return performance.now() - start;
}
