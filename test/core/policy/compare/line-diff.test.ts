/** The line diff: what it says, applied to the first text, makes the second. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unifiedDiff } from '#src/core/policy/compare/line-diff.js';

/** As `patch` does, strictly: each line that is kept or removed must be there. */
function applied(before: string, diff: readonly string[]): string {
  const old = before.split('\n');
  const out: string[] = [];
  let at = 0;
  for (const line of diff) {
    const [, from] = /^@@ -(\d+),\d+ \+\d+,\d+ @@$/.exec(line) ?? [];
    if (from !== undefined) {
      while (at < Number(from) - 1) out.push(old[at++] as string);
      continue;
    }
    if (line[0] !== '+') assert.equal(old[at++], line.slice(1));
    if (line[0] !== '-') out.push(line.slice(1));
  }
  return [...out, ...old.slice(at)].join('\n');
}

test('it says the change with three lines around it, and nothing of equal texts', () => {
  const before = 'a\nb\nc\nd\ne\nf\ng\nh\ni\n';
  assert.deepEqual(unifiedDiff(before, before), []);
  assert.deepEqual(unifiedDiff(before, before.replace('e\n', 'E\nF\n')), [
    '@@ -2,7 +2,8 @@',
    ...[' b', ' c', ' d', '-e', '+E', '+F', ' f', ' g', ' h'],
  ]);
});

test('whatever the texts, it leads from one to the other, by no more edits than there are', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  for (let round = 0; round < 500; round++) {
    const lines = Array.from({ length: random(40) }, () => `${random(6)}`);
    const next = lines.flatMap(line => (random(5) === 0 ? [] : random(5) === 0 ? [line, `${random(6)}`] : [line]));
    const [before, after] = [lines.join('\n'), next.join('\n')];
    const diff = unifiedDiff(before, after);
    assert.equal(applied(before, diff), after);
  }
  const many = Array.from({ length: 1500 }, (_, i) => `${i}`).join('\n');
  const other = many.replaceAll('1', 'x');
  assert.equal(applied(many, unifiedDiff(many, other)), other);
});
