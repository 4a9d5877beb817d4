/** Words of `status`: ages, and lines that fit a terminal. */
const UNITS = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const;

/** `3 s`, `2 h`, `400 d`; what is to come counts as now. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [size, unit] = UNITS.find(([unitSeconds]) => seconds >= unitSeconds) ?? [1, 's'];
  return `${Math.floor(seconds / size)} ${unit}`;
}

export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export const SCREEN_COLUMNS = 100;
const LABEL_COLUMNS = 10;

/** `label     text`, on further lines where it is longer than `columns`, broken at spaces. */
export function labelled(label: string, text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = label.padEnd(LABEL_COLUMNS);
  let isBegun = false;
  for (const word of plain(text).split(' ')) {
    if (isBegun && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = ' '.repeat(LABEL_COLUMNS);
      isBegun = false;
    }
    line += isBegun ? ` ${word}` : word;
    isBegun = true;
  }
  return [...lines, line];
}

/** What steers a terminal, or turns the reading of a line around, becomes a space: processes name themselves. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}
