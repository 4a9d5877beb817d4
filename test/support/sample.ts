/** Runs a program of the documents: a file inside the package (so that `checkrd` resolves), a home of its own, no network. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Stands for the network: what passes is answered with 200 and this JSON. */
const NETWORK = (json: string): string =>
  `globalThis.fetch = async () => new Response(${JSON.stringify(json)}, { headers: { 'content-type': 'application/json' } });\n`;

export function runSample(
  code: string,
  home: string,
  answer = '{}',
): { readonly out: string; readonly err: string; readonly status: number | null } {
  mkdirSync('build/samples', { recursive: true });
  const folder = mkdtempSync('build/samples/run-');
  try {
    writeFileSync(join(folder, 'network.mjs'), NETWORK(answer));
    writeFileSync(join(folder, 'sample.mjs'), code);
    const network = `./${join(folder, 'network.mjs')}`;
    const ran = spawnSync(process.execPath, ['--import', network, resolve(folder, 'sample.mjs')], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: home, OPENAI_API_KEY: 'none' },
    });
    return { out: ran.stdout, err: ran.stderr, status: ran.status };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
