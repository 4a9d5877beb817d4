/**
 * Where named time zones are: seconds east of UTC at a moment, from this Node's own zone data.
 *
 *   in   : a zone as IANA spells it, milliseconds since 1970
 *   out  : the offset at that very millisecond, or null where nobody can say
 *   never: guesses
 */

const MINUTE_MS = 60_000;
const formats = new Map<string, Intl.DateTimeFormat | null>();

/** Whether this Node's zone data has the zone. */
export function knowsZone(name: string): boolean {
  return formatOf(name) !== null;
}

/** Made once a name; making one costs about fifty times its use. */
function formatOf(name: string): Intl.DateTimeFormat | null {
  let format = formats.get(name);
  if (format === undefined) {
    format = makeFormat(name);
    formats.set(name, format);
  }
  return format;
}

function makeFormat(timeZone: string): Intl.DateTimeFormat | null {
  const field = 'numeric';
  try {
    return new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
      timeZone,
      hourCycle: 'h23',
      era: 'short',
      year: field,
      month: field,
      day: field,
      hour: field,
      minute: field,
      second: field,
    });
  } catch {
    // Not in the zone data, or a Node that was built without any.
    return null;
  }
}

/** Seconds east of UTC; null when the zone is unknown or the moment is no date. */
export function offsetAt(name: string, ms: number): number | null {
  const format = formatOf(name);
  if (format === null || Number.isNaN(new Date(ms).getTime())) return null;
  const got: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(ms)) got[type] = value;
  const year = got.era === 'BC' ? 1 - Number(got.year) : Number(got.year);
  const local = new Date(0);
  local.setUTCFullYear(year, Number(got.month) - 1, Number(got.day));
  local.setUTCHours(Number(got.hour), Number(got.minute), Number(got.second));
  const seconds = local.getTime() / 1000 - Math.floor(ms / 1000);
  return Number.isInteger(seconds) ? seconds : null;
}

/**
 * The offsets of a program's named zones, kept right in the engine's memory. A minute without a switch is asked for once:
 * nowhere do two switches fall into one minute, so one whose two ends agree has none.
 */
export class ZoneClock {
  readonly #names: readonly (string | null)[];
  #from = 0;
  #until = 0;

  /** A name for each zone of the program; null where its offset is fixed. */
  constructor(names: readonly (string | null)[]) {
    this.#names = names;
  }

  /** Writes offsets that may have changed since the last call; those that nobody can say are out of every range. */
  write(view: DataView, at: number, ms: number): void {
    if (ms >= this.#from && ms < this.#until) return;
    const minute = Math.floor(ms / MINUTE_MS) * MINUTE_MS;
    let steady = true;
    this.#names.forEach((name, i) => {
      if (name === null) return;
      const first = offsetAt(name, minute);
      const same = first !== null && first === offsetAt(name, minute + MINUTE_MS - 1);
      steady &&= same;
      view.setInt32(at + i * 4, (same ? first : offsetAt(name, ms)) ?? NOWHERE, true);
    });
    this.#from = steady ? minute : 0;
    this.#until = steady ? minute + MINUTE_MS : 0;
  }
}

const NOWHERE = 0x7fffffff;
