/** "Did you mean": the nearest of a few known words. */

/** The word of `known` that `got` is most likely a slip of, or null when none is near. */
export function nearest(got: string, known: readonly string[]): string | null {
  if (got.length > 64) return null;
  const plain = fold(got);
  const same = known.find(word => fold(word) === plain);
  if (same !== undefined) return same;
  let best: string | null = null;
  let least = got.length <= 4 ? 2 : 3;
  for (const word of known) {
    const d = distance(plain, fold(word));
    if (d < least && d < word.length) {
      best = word;
      least = d;
    }
  }
  return best;
}

/** `did you mean …?`, or the known words when there are few, or null. */
export function didYouMean(got: string, known: readonly string[]): string | null {
  const word = nearest(got, known);
  if (word !== null) return `did you mean \`${word}\`?`;
  return known.length === 0 ? null : `known here: ${known.map(k => `\`${k}\``).join(', ')}`;
}

function fold(word: string): string {
  return word.toLowerCase().replaceAll('-', '_');
}

/** Optimal string alignment: insert, delete, replace, swap neighbours. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let d = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, (before[j - 2] ?? 0) + 1);
      row.push(d);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
