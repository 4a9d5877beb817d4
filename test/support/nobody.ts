/** The user `nobody`, for tests that only root can run: root gives a process another user. */
import { chownSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

const NOBODY = 65_534;
export const nobody = { uid: NOBODY, gid: NOBODY } as const;
export const notRoot: string | false = process.getuid?.() === 0 ? false : 'only root can run a process as another user';

/** A folder that belongs to nobody, gone when the test ends. */
export function nobodysFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'checkrd-nobody-')));
  // After the hooks that end what writes here.
  t.after(() => t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 })));
  chownSync(folder, NOBODY, NOBODY);
  return folder;
}
