/** `policy rollback`: an archived policy back in its place, where a process would take it. */
import { planRollback, rollBack } from '../agent/policy-rollback.js';
import type { Args } from './args.js';
import { type CliIo, EXIT } from './io.js';
import { readArchive } from './policy-archive.js';

export function rollbackPolicy(given: Args, io: CliIo): number {
  const archive = readArchive(given, io);
  const id = archive.named(given.words[1] ?? '');
  const plan = planRollback(archive.settings, archive.set(id));
  if ('why' in plan) {
    if (given.on('json')) io.out(JSON.stringify({ ok: false, id, error: plan.why, hint: plan.hint }));
    else io.err(`error: ${plan.why}; nothing was changed\nhint: ${plan.hint}`);
    return EXIT.no;
  }
  const isDry = given.on('dry-run');
  if (!isDry) rollBack(archive.settings, plan);
  const files = plan.writes.map(({ path }) => path);
  if (given.on('json')) io.out(JSON.stringify({ ok: true, id, dry_run: isDry, files }));
  else {
    for (const path of files) io.out(`${path}: ${isDry ? 'would be put back' : 'put back'}`);
    if (files.length === 0) io.out('it stands there already');
    else if (!isDry)
      io.err('hint: a running process takes it within a second or two; `checkrd status` says what stands');
  }
  return EXIT.ok;
}
