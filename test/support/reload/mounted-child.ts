/** In a mount namespace of its own: a policy file that is mounted by itself, and what becomes of changes of its source. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Box, text } from './box.js';

const folder = mkdtempSync(join(tmpdir(), 'checkrd-mounted-'));
const box = new Box(folder);
try {
  const source = join(folder, 'source.yaml');
  writeFileSync(source, text('a'));
  box.write('');
  const mounted = spawnSync('mount', ['--bind', source, box.path], { encoding: 'utf8' });
  if (mounted.status !== 0) throw new Error(mounted.stderr);
  box.open();
  writeFileSync(source, text('b'));
  box.pass(900);
  const early = box.rules();
  box.pass(300);
  const written = box.rules();
  writeFileSync(`${source}.new`, text('c'));
  renameSync(`${source}.new`, source);
  box.pass(3_000, 100);
  const renamed = box.rules();
  spawnSync('umount', [box.path]);
  spawnSync('mount', ['--bind', source, box.path]);
  box.pass(300);
  console.log(JSON.stringify({ early, written, renamed, mountedAgain: box.rules(), health: box.source.health().state }));
  await box.source.close();
} finally {
  spawnSync('umount', [box.path]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}
