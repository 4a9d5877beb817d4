/** Fenced blocks and tables of a Markdown file. */
import { readFileSync } from 'node:fs';

export interface Fenced {
  /** The word after the opening fence. */
  readonly language: string;
  readonly text: string;
  /** 1-based line of the first line of `text`. */
  readonly line: number;
}

export function fencedBlocks(path: string): Fenced[] {
  const blocks: Fenced[] = [];
  let open: { language: string; line: number; lines: string[] } | null = null;
  for (const [i, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const fence = /^```(\S*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === null) open = { language: fence[1] ?? '', line: i + 2, lines: [] };
    else {
      blocks.push({ language: open.language, line: open.line, text: open.lines.map(l => `${l}\n`).join('') });
      open = null;
    }
  }
  if (open !== null) throw new Error(`${path}: a fence is not closed`);
  return blocks;
}

/** The rows of the table under a heading, cells trimmed, without the head of the table. */
export function tableUnder(path: string, heading: string): string[][] {
  const lines = readFileSync(path, 'utf8').split('\n');
  const from = lines.indexOf(heading);
  if (from < 0) throw new Error(`${path}: no heading ${heading}`);
  const rows: string[][] = [];
  for (const line of lines.slice(from + 1)) {
    if (/^#/.test(line)) break;
    if (!line.startsWith('|')) continue;
    // A bar inside a cell is written `\|`.
    rows.push(
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map(cell => cell.trim().replaceAll('\\|', '|')),
    );
  }
  return rows.slice(2);
}

/** A cell that holds one code, without its back-ticks. */
export const code = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '');
