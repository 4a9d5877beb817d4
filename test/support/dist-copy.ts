import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';

/** The built package once more, in a folder of its own: for a second copy in one process, or to be spoilt. */
export class DistCopy {
  readonly dir = mkdtempSync(join(tmpdir(), 'checkrd-copy-'));

  constructor(t: TestContext) {
    cpSync('dist', join(this.dir, 'dist'), { recursive: true });
    cpSync('package.json', join(this.dir, 'package.json'));
    symlinkSync(resolve('node_modules'), join(this.dir, 'node_modules'));
    t.after(() => rmSync(this.dir, { recursive: true, force: true, maxRetries: 10 }));
  }
  path(...parts: string[]): string {
    return join(this.dir, 'dist', ...parts);
  }
  load(): Promise<typeof import('checkrd')> {
    return import(pathToFileURL(this.path('index.js')).href) as Promise<typeof import('checkrd')>;
  }
}
