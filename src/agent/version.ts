import { readFileSync } from 'node:fs';

/** The version in package.json, which stands two folders above the compiled files. */
export function packageVersion(): string {
  const about = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return about.version;
}
