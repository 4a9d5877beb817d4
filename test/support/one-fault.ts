/** One system call fails, once, in a way of our choosing; all others are the real ones. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { TestContext } from 'node:test';

type Sync =
  | 'writeSync'
  | 'fstatSync'
  | 'ftruncateSync'
  | 'fdatasyncSync'
  | 'fsyncSync'
  | 'openSync'
  | 'renameSync'
  | 'linkSync';
type Call = (...args: never[]) => unknown;

export const eio = (): Error => Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });

/**
 * Replaces the `nth` call of `name` from now on (1 is the next) by `instead`, which is given the real function's answer as
 * a thunk. Returns whether it has happened.
 */
export function failOnce(
  t: TestContext,
  name: Sync,
  nth: number,
  instead: (real: () => unknown) => unknown,
): () => boolean {
  const table = fs as unknown as Record<string, Call>;
  const real = table[name] as Call;
  let calls = 0;
  const restore = (): void => {
    table[name] = real;
    syncBuiltinESMExports();
  };
  table[name] = (...args: never[]) => {
    calls += 1;
    return calls === nth ? instead(() => real(...args)) : real(...args);
  };
  syncBuiltinESMExports();
  t.after(restore);
  return () => calls >= nth;
}

/** The next asynchronous `fdatasync` reports EIO. */
export function failSyncLater(t: TestContext): void {
  const table = fs as unknown as { fdatasync: (fd: number, done: (error: Error | null) => void) => void };
  const real = table.fdatasync;
  let failed = false;
  table.fdatasync = (fd, done) =>
    real(fd, error => {
      const first = !failed;
      failed = true;
      done(first ? eio() : error);
    });
  syncBuiltinESMExports();
  t.after(() => {
    table.fdatasync = real;
    syncBuiltinESMExports();
  });
}

/** The next write of a line puts only its first half into the file. */
export function halfWrite(t: TestContext, nth = 1): void {
  const table = fs as unknown as { writeSync: (fd: number, bytes: Uint8Array, from: number, length: number) => number };
  const real = table.writeSync;
  let calls = 0;
  table.writeSync = (fd, bytes, from, length) => {
    calls += 1;
    return real(fd, bytes, from, calls === nth ? length >> 1 : length);
  };
  syncBuiltinESMExports();
  t.after(() => {
    table.writeSync = real;
    syncBuiltinESMExports();
  });
}
