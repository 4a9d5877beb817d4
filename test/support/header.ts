/** The header comment of a source file as plain text, so that tests execute the bytes it promises. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

export function headerOf(path: string): string {
  const comment = /^\/\*\*\n([\s\S]*?)\n \*\//.exec(readFileSync(path, 'utf8'));
  assert.ok(comment?.[1], `${path} begins with no header comment`);
  return comment[1]
    .split('\n')
    .map(line => line.replace(/^ \* ?/, ''))
    .join('\n');
}
