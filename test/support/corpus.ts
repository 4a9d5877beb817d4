/** What `verify` says of a folder of the corpus, without what may change: sentences and where the folder stands. */
import { readdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Report } from '#src/core/verify/findings.js';
import { cli } from './cli.js';

export async function said(folder: string): Promise<unknown> {
  const files = filesOf(folder);
  const run = await cli(['verify', '--json', '--key', resolve(folder, 'key.pub'), ...files]);
  const { verdict, logs } = JSON.parse(run.out) as { readonly verdict: string; readonly logs: readonly Report[] };
  return { exit: run.code, verdict, logs: logs.map(lasting) };
}

export function filesOf(folder: string): readonly string[] {
  const names = readdirSync(folder).filter(name => /^audit[^/]*\.jsonl(\.\d+)?(\.gz)?$/.test(name));
  return names.map(name => resolve(folder, name));
}

function lasting({ findings, origin, firstSeq, size, intactTo, signedTo, keyIds, gaps, root }: Report) {
  const found = findings.map(({ code, weight, seq, place }) => ({
    ...{ code, weight, seq },
    place: place && `${basename(place.file)}:${place.line}`,
  }));
  return { origin, firstSeq, size, intactTo, signedTo, keyIds, gaps, root, findings: found };
}
