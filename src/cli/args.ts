/** Arguments of a command: strict, with the name that was probably meant. */
import { parseArgs } from 'node:util';
import { nearest } from '../core/policy/suggest.js';

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

export interface ArgsShape {
  /** Flags that take a value. */
  readonly texts?: readonly string[];
  /** Flags that take a value and may be repeated. */
  readonly lists?: readonly string[];
  /** Flags that stand alone; `json` is always one. */
  readonly switches?: readonly string[];
  /** Words besides flags: how many, and what they are called. */
  readonly words?: { readonly min: number; readonly max: number; readonly what: string };
}

export interface Args {
  text(flag: string): string | null;
  /** In the order given. */
  list(flag: string): readonly string[];
  on(flag: string): boolean;
  readonly words: readonly string[];
}

/** @throws Misuse */
export function readArgs(args: readonly string[], shape: ArgsShape): Args {
  const lists = shape.lists ?? [];
  const texts = [...(shape.texts ?? []), ...lists];
  const switches = [...(shape.switches ?? []), 'json'];
  const known = [...texts, ...switches];
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: true,
      options: Object.fromEntries([
        ...texts.map(name => [name, { type: 'string' as const, multiple: true }]),
        ...switches.map(name => [name, { type: 'boolean' as const, multiple: true }]),
      ]),
    });
  } catch (error) {
    throw misuseOf(error, known);
  }
  const values = parsed.values as Record<string, readonly (string | boolean)[] | undefined>;
  for (const [flag, given] of Object.entries(values)) {
    if ((given?.length ?? 0) > 1 && !lists.includes(flag)) throw new Misuse(`--${flag} is given twice`, 'keep one');
  }
  const { min, max, what } = shape.words ?? { min: 0, max: 0, what: 'nothing' };
  const words = parsed.positionals;
  if (words.length < min || words.length > max) {
    throw new Misuse(`expected ${what}, got ${words.length === 0 ? 'nothing' : words.map(w => `'${w}'`).join(' ')}`);
  }
  return {
    text: flag => {
      const value = values[flag]?.[0];
      return typeof value === 'string' ? value : null;
    },
    list: flag => (values[flag] ?? []).filter(value => typeof value === 'string'),
    on: flag => values[flag]?.[0] === true,
    words,
  };
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
