/** The text of `checkrd COMMAND --help`, from the command's table. */
import type { Flag } from './flags.js';
import type { Command } from './io.js';

const WIDTH = 120;

export function helpOf(command: Command): string {
  const lead = 'usage: ';
  const synopsis = synopsisOf(command).map((line, i) =>
    wrapped(outerWords(line), `${i === 0 ? lead : ' '.repeat(lead.length)}checkrd ${command.name} `),
  );
  const flags = Object.entries(command.flags).map(([name, flag]) => [name, meaningOf(flag)] as const);
  const exits = exitsOf(command).flatMap(([code, means]) => {
    const [first = '', ...rest] = `${means},`.split(' ');
    return [`${code} ${first}`, ...rest];
  });
  return [
    synopsis.join('\n'),
    command.about.trim(),
    ...(command.acts === undefined ? [] : [listed('', Object.entries(command.acts))]),
    ...(flags.length === 0 ? [] : [listed('--', flags)]),
    ...(command.notes === undefined ? [] : [command.notes.trim()]),
    wrapped(exits, 'exit: ', 0).slice(0, -1),
  ].join('\n\n');
}

/** Names in a column, and beside each what it means. */
function listed(prefix: string, rows: readonly (readonly [name: string, means: string])[]): string {
  const width = prefix.length + 2 + Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, means]) => wrapped(means.split(' '), `${prefix}${name}`.padEnd(width), width)).join('\n');
}

/** Each way to call it, without `checkrd NAME`. */
export function synopsisOf(command: Command): readonly string[] {
  return command.synopsis.length > 0 ? command.synopsis : [''];
}

/** With what it may be, where that is a list. */
export function meaningOf(flag: Flag): string {
  const of = flag.takes?.is;
  return typeof of === 'object' ? `${flag.means}: ${of.join(', ')}` : flag.means;
}

export function exitsOf(command: Command): readonly (readonly [code: number, means: string])[] {
  const { ok, no, unknown } = command.exit;
  const told: readonly (readonly [code: number, means: string | undefined])[] = [
    [0, ok],
    [1, no],
    [2, unknown],
    [64, 'misuse'],
  ];
  return told.flatMap(([code, means]) => (means === undefined ? [] : [[code, means] as const]));
}

/** Split at spaces that are in no bracket: what is not torn apart at the end of a line. */
function outerWords(text: string): readonly string[] {
  const words: string[] = [];
  let depth = 0;
  let word = '';
  for (const c of text) {
    if (c === ' ' && depth === 0) {
      words.push(word);
      word = '';
      continue;
    }
    if ('[('.includes(c)) depth++;
    if ('])'.includes(c)) depth--;
    word += c;
  }
  return [...words, word].filter(w => w !== '');
}

/** `lead`, then the words; further lines begin `hang` columns in, which is the lead's width if not said. */
function wrapped(words: readonly string[], lead: string, hang: number = lead.length): string {
  const lines = [lead];
  for (const word of words) {
    const last = lines[lines.length - 1]!;
    const bare = last === lead || last.trim() === '';
    if (!bare && last.length + 1 + word.length > WIDTH) lines.push(' '.repeat(hang) + word);
    else lines[lines.length - 1] = bare ? last + word : `${last} ${word}`;
  }
  return lines.map(line => line.trimEnd()).join('\n');
}
