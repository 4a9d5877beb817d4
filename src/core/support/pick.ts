/**
 * What of a report may leave the machine: an allowlist by key and by form, so that what nobody thought of stays.
 *
 *   in   : any JSON, and a shape that says for each key what form its value must have
 *   out  : the part of it that the shape allows; a value of another form becomes `<withheld>`
 *   never: passes a string on because it looks harmless: it is one of a closed list, a number, a time, a hash, or replaced
 */

const WITHHELD = '<withheld>';

export type Form =
  | { readonly is: 'number' | 'flag' | 'time' | 'sha256' | 'version' | 'path' | 'agent' | 'count' }
  | { readonly is: 'one_of'; readonly of: ReadonlySet<string> }
  | { readonly is: 'fields'; readonly fields: Readonly<Record<string, Form>> }
  | { readonly is: 'each'; readonly item: Form; readonly last: number };

export const NUMBER: Form = { is: 'number' };
export const FLAG: Form = { is: 'flag' };
export const TIME: Form = { is: 'time' };
export const SHA256: Form = { is: 'sha256' };
export const VERSION: Form = { is: 'version' };
export const PATH: Form = { is: 'path' };
export const AGENT: Form = { is: 'agent' };
/** How many there are of a list, or whether there is one. */
export const COUNT: Form = { is: 'count' };
export const oneOf = (of: Iterable<string>): Form => ({ is: 'one_of', of: new Set(of) });
export const fields = (shape: Readonly<Record<string, Form>>): Form => ({ is: 'fields', fields: shape });
/** @param last of a longer list only so many of its end */
export const each = (item: Form, last = Number.POSITIVE_INFINITY): Form => ({ is: 'each', item, last });

/** What stands for names that stay. */
export interface Names {
  path(path: string): string;
  agent(id: string): string;
}

const TEXTS: Readonly<Record<string, RegExp>> = {
  time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/,
  sha256: /^[0-9a-f]{64}$/,
  version: /^v?\d{1,4}(\.\d{1,6}){0,3}$/,
};

export function pick(value: unknown, form: Form, names: Names): unknown {
  if (value === null || value === undefined) return value;
  switch (form.is) {
    case 'number':
      return typeof value === 'number' ? value : WITHHELD;
    case 'flag':
      return typeof value === 'boolean' ? value : WITHHELD;
    case 'count':
      return Array.isArray(value) ? value.length : true;
    case 'path':
      return typeof value === 'string' ? names.path(value) : WITHHELD;
    case 'agent':
      return typeof value === 'string' ? names.agent(value) : WITHHELD;
    case 'one_of':
      return typeof value === 'string' && form.of.has(value) ? value : WITHHELD;
    case 'each':
      if (!Array.isArray(value)) return WITHHELD;
      return value.slice(-form.last).map(item => pick(item, form.item, names));
    case 'fields':
      return typeof value === 'object' && !Array.isArray(value) ? pickFields(value, form.fields, names) : WITHHELD;
    default:
      return typeof value === 'string' && TEXTS[form.is]?.test(value) === true ? value : WITHHELD;
  }
}

function pickFields(value: object, shape: Readonly<Record<string, Form>>, names: Names): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, form] of Object.entries(shape)) {
    if (!Object.hasOwn(value, key)) continue;
    out[key] = pick((value as Readonly<Record<string, unknown>>)[key], form, names);
  }
  return out;
}
