/**
 * Two texts line by line, as `diff -u` prints them.
 *
 * The shortest edit script by Myers' greedy algorithm (E. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986),
 * up to EDITS_MAX edits; texts that differ in more are shown as one removed and the other added.
 */

/** One line: ` ` kept, `-` of the old text, `+` of the new one. */
interface Edit {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

const EDITS_MAX = 1_000;
const CONTEXT = 3;

/** Lines of a unified diff without the header; none where the texts are equal. */
export function unifiedDiff(before: string, after: string): readonly string[] {
  const edits = editsOf(before.split('\n'), after.split('\n'));
  const out: string[] = [];
  let [oldAt, newAt] = [1, 1];
  for (let i = 0; i < edits.length; ) {
    if (edits[i]?.sign === ' ') {
      const next = nextChange(edits, i);
      const skipped = Math.max(0, next - i - CONTEXT);
      if (next === edits.length) break;
      oldAt += skipped;
      newAt += skipped;
      i += skipped;
    }
    const end = hunkEnd(edits, i);
    const hunk = edits.slice(i, end);
    const [olds, news] = [hunk.filter(({ sign }) => sign !== '+'), hunk.filter(({ sign }) => sign !== '-')];
    out.push(`@@ -${oldAt},${olds.length} +${newAt},${news.length} @@`, ...hunk.map(({ sign, line }) => sign + line));
    oldAt += olds.length;
    newAt += news.length;
    i = end;
  }
  return out;
}

function nextChange(edits: readonly Edit[], from: number): number {
  let at = from;
  while (at < edits.length && edits[at]?.sign === ' ') at++;
  return at;
}

/** Where so many lines are kept that the next change is a hunk of its own. */
function hunkEnd(edits: readonly Edit[], from: number): number {
  let at = nextChange(edits, from);
  for (;;) {
    while (at < edits.length && edits[at]?.sign !== ' ') at++;
    const next = nextChange(edits, at);
    if (next === edits.length || next - at > 2 * CONTEXT) return Math.min(at + CONTEXT, edits.length);
    at = next;
  }
}

function editsOf(a: readonly string[], b: readonly string[]): readonly Edit[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const kept = (lines: readonly string[]) => lines.map((line): Edit => ({ sign: ' ', line }));
  const [olds, news] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  return [...kept(a.slice(0, head)), ...between(olds, news), ...kept(a.slice(a.length - tail))];
}

function between(a: readonly string[], b: readonly string[]): readonly Edit[] {
  const trace = search(a, b);
  if (trace === null) {
    return [...a.map((line): Edit => ({ sign: '-', line })), ...b.map((line): Edit => ({ sign: '+', line }))];
  }
  const edits: Edit[] = [];
  let [x, y] = [a.length, b.length];
  for (let d = trace.length - 1; d >= 0; d--) {
    const reached = trace[d] as ReadonlyMap<number, number>;
    const k = x - y;
    const at = (diagonal: number) => reached.get(diagonal) ?? -1;
    const isDown = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const [fromX, fromY] = d === 0 ? [0, 0] : isDown ? [at(k + 1), at(k + 1) - k - 1] : [at(k - 1), at(k - 1) - k + 1];
    const stepX = d === 0 || isDown ? fromX : fromX + 1;
    for (; x > stepX; x--, y--) edits.push({ sign: ' ', line: a[x - 1] as string });
    if (d > 0) edits.push(isDown ? { sign: '+', line: b[fromY] as string } : { sign: '-', line: a[fromX] as string });
    [x, y] = [fromX, fromY];
  }
  return edits.reverse();
}

/** For each number of edits, how far the old text was got through on each diagonal before; null: too many edits. */
function search(a: readonly string[], b: readonly string[]): readonly ReadonlyMap<number, number>[] | null {
  const trace: ReadonlyMap<number, number>[] = [];
  const furthest = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= Math.min(a.length + b.length, EDITS_MAX); d++) {
    trace.push(new Map([...furthest].filter(([k]) => Math.abs(k) <= d + 1)));
    for (let k = -d; k <= d; k += 2) {
      const at = (diagonal: number) => furthest.get(diagonal) ?? -1;
      let x = k === -d || (k !== d && at(k - 1) < at(k + 1)) ? at(k + 1) : at(k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      furthest.set(k, x);
      if (x >= a.length && x - k >= b.length) return trace;
    }
  }
  return null;
}
