/** Whole programs, from start to exit, in turn; and the program as the packages carry it. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { median } from './measure.js';

/** Joins the program as the packages do. @returns the path of the launcher, its paths led there */
export async function packaged(folder: string): Promise<string> {
  const maker = pathToFileURL(resolve('packaging/program.mjs')).href;
  const { bundleProgram } = (await import(maker)) as { bundleProgram(root: string, out: string): Promise<unknown> };
  await bundleProgram(process.cwd(), folder);
  const launcher = join(folder, 'checkrd');
  const text = readFileSync('packaging/files/checkrd', 'utf8')
    .replaceAll('/usr/lib/checkrd/node', process.execPath)
    .replaceAll('/usr/lib/checkrd', folder);
  writeFileSync(launcher, text, { mode: 0o755 });
  return launcher;
}

/** Median milliseconds of each command. */
export function inTurn(
  commands: readonly (readonly [string, ...string[]])[],
  rounds: number,
  warmUp: number,
): number[] {
  const taken = commands.map(() => [] as number[]);
  for (let round = -warmUp; round < rounds; round++) {
    for (const [k, [program, ...args]] of commands.entries()) {
      const startMs = performance.now();
      // The launcher takes Node's own variables away; none of the others may pay for them either.
      const run = spawnSync(program, args, { stdio: 'ignore', env: { PATH: process.env.PATH } });
      if (run.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${run.status}`);
      if (round >= 0) taken[k]?.push(performance.now() - startMs);
    }
  }
  return taken.map(median);
}
