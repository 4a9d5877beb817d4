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
    const reached = trace[d] as Reached;
    const k = x - y;
    const at = (diagonal: number) => reached[diagonal + d + 1] as number;
    const isDown = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const [fromX, fromY] = d === 0 ? [0, 0] : isDown ? [at(k + 1), at(k + 1) - k - 1] : [at(k - 1), at(k - 1) - k + 1];
    const stepX = d === 0 || isDown ? fromX : fromX + 1;
    for (; x > stepX; x--, y--) edits.push({ sign: ' ', line: a[x - 1] as string });
    if (d > 0) edits.push(isDown ? { sign: '+', line: b[fromY] as string } : { sign: '-', line: a[fromX] as string });
    [x, y] = [fromX, fromY];
  }
  return edits.reverse();
}

/** How far the old text is got through on the diagonals from -(d + 1) to d + 1. */
type Reached = Int32Array;

/** For each number of edits, what was reached with one less; null: too many edits. */
function search(a: readonly string[], b: readonly string[]): readonly Reached[] | null {
  const most = Math.min(a.length + b.length, EDITS_MAX);
  const zero = most + 1;
  const furthest = new Int32Array(2 * zero + 1);
  const trace: Reached[] = [];
  for (let d = 0; d <= most; d++) {
    trace.push(furthest.slice(zero - d - 1, zero + d + 2));
    for (let k = -d; k <= d; k += 2) {
      const [below, above] = [furthest[zero + k - 1] as number, furthest[zero + k + 1] as number];
      let x = k === -d || (k !== d && below < above) ? above : below + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      furthest[zero + k] = x;
      if (x >= a.length && x - k >= b.length) return trace;
    }
  }
  return null;
}
