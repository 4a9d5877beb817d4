import { readFileSync } from 'node:fs';

const ABOUT = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

/** The version in package.json, two folders above the compiled files, as it stood when this process read its own files. */
export function packageVersion(): string {
  return ABOUT.version;
}
