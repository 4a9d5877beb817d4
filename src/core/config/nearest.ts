/** Finds the name somebody probably meant. */

/**
 * The candidate nearest to `given` by edits (insert, delete, replace, swap of neighbours), or null when none is near:
 * at most two edits, and at most a third of the longer name.
 */
export function nearest(given: string, candidates: readonly string[]): string | null {
  if (given.length > 128) return null;
  let best: string | null = null;
  let least = 3;
  for (const candidate of candidates) {
    const edits = distance(given.toLowerCase(), candidate.toLowerCase());
    if (edits < least && edits * 3 <= Math.max(given.length, candidate.length)) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}

/** Optimal string alignment distance, three rows. */
function distance(a: string, b: string): number {
  let older: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, older[j - 2]! + 1);
      row.push(least);
    }
    older = above;
    above = row;
  }
  return above[b.length]!;
}
