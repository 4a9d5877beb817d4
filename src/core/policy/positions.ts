import type { Position } from './checked.js';

/** Turns offsets into lines and columns; the line table is built at the first question. */
export class Positions {
  private starts: number[] | null = null;

  constructor(private readonly text: string) {}

  /** Line and column (1-based, UTF-16 units) of `offset`. */
  of(offset: number): Position {
    this.starts ??= lineStarts(this.text);
    const { starts } = this;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return starts;
}
