/** Arguments of a command: strict, with the name that was probably meant. */
import { parseArgs } from 'node:util';
import { nearest } from '../core/policy/suggest.js';
import { type Flags, JSON_FLAG } from './flags.js';
import type { Command } from './io.js';

/** The command was called wrongly; exit code 64. */
export class Misuse extends Error {
  override readonly name = 'Misuse';
  constructor(
    message: string,
    readonly hint: string | null = null,
  ) {
    super(message);
  }
}

export interface Args {
  text(flag: string): string | null;
  /** In the order given. */
  list(flag: string): readonly string[];
  on(flag: string): boolean;
  readonly words: readonly string[];
  /** The words that stand behind this flag; none if it is not given. */
  wordsAfter(flag: string): readonly string[];
}

/**
 * By the tables of the command, and nothing else.
 * @throws Misuse
 */
export function readArgs(args: readonly string[], command: Pick<Command, 'flags' | 'operands'>): Args {
  const flags: Flags = { ...command.flags, json: JSON_FLAG };
  let parsed: Parsed;
  try {
    parsed = parse(args, flags);
  } catch (error) {
    throw misuseOf(error, Object.keys(flags));
  }
  const values = parsed.values as Record<string, readonly (string | boolean)[] | undefined>;
  for (const [flag, given] of Object.entries(values)) {
    if ((given?.length ?? 0) > 1 && flags[flag]?.repeats !== true)
      throw new Misuse(`--${flag} is given twice`, 'keep one');
  }
  const { min, max, what } = command.operands ?? { min: 0, max: 0, what: 'nothing' };
  const words = parsed.positionals;
  if (words.length < min || words.length > max) {
    throw new Misuse(`expected ${what}, got ${words.length === 0 ? 'nothing' : words.map(w => `'${w}'`).join(' ')}`);
  }
  const of = (flag: string): readonly (string | boolean)[] => values[flag] ?? [];
  return {
    text: flag => {
      const value = of(flag)[0];
      return typeof value === 'string' ? value : null;
    },
    list: flag => of(flag).filter(value => typeof value === 'string'),
    on: flag => of(flag)[0] === true,
    words,
    wordsAfter: flag => {
      const at = parsed.tokens.find(token => token.kind === 'option' && token.name === flag)?.index ?? args.length;
      return parsed.tokens.flatMap(token => (token.kind === 'positional' && token.index > at ? [token.value] : []));
    },
  };
}

type Parsed = ReturnType<typeof parse>;

function parse(args: readonly string[], flags: Flags) {
  const options = Object.entries(flags).map(([name, { takes, short }]) => {
    const type = takes === undefined ? ('boolean' as const) : ('string' as const);
    return [name, { type, multiple: true, ...(short !== undefined && { short }) }] as const;
  });
  return parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(options),
  });
}

function misuseOf(error: unknown, known: readonly string[]): Misuse {
  const message = error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error);
  const code = (error as { code?: unknown }).code;
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return new Misuse(message);
  const given = /'(-{1,2}[^'=\s]+)/.exec(message)?.[1] ?? '';
  const meant = nearest(given.replace(/^-+/, ''), known);
  const list = `it takes ${known.map(k => `--${k}`).join(', ')}`;
  return new Misuse(`unknown flag ${given}`, meant === null ? list : `did you mean --${meant}?`);
}
