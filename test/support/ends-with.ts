import type { ChildProcess } from 'node:child_process';
import type { TestContext } from 'node:test';

/**
 * The child does not outlive its test, however that ends; to be called as soon as it is spawned. Resolves when it has ended
 * and all it said was read: its exit code, or the signal that ended it.
 */
export function endsWith(t: TestContext, child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  const closed = new Promise<number | NodeJS.Signals | null>(resolve => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  return closed;
}
