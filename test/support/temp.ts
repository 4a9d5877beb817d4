import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A folder of the test's own, gone when the test ends and all that it opened is closed. */
export function tempFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'checkrd-')));
  // Such hooks run in the order in which they came, and what writes here is opened later.
  t.after(() => t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 })));
  return folder;
}
