/** Bodies as text: JSON near what a policy asks for, forms, lines, and what no reader should take. */
import { has } from './features.js';
import type { Doc } from './policies.js';
import { MANY_PATHS, NUMBERS, PATHS, REGEXES, TEXTS } from './pools.js';
import type { Random } from './random.js';

const ODD_SCALARS = [
  '1e100001',
  `1${'0'.repeat(30)}`,
  '01',
  '+1',
  '.5',
  '1.',
  'nul',
  '"\\ud83d"',
  '"\\u0061"',
  '"\\ud83d\\ude00"',
  '"a',
  '"\u0007"',
  '"+5"',
  '"0x5"',
  'NaN',
  '1E-100001',
  '9007199254740992.0',
  '50001',
  '6e4',
  '0.10',
  '"\\/"',
  '"\\udc00\\ud800"',
  `"${'x'.repeat(70)}"`,
  `${'1'.repeat(1025)}`,
];
/** A JSON string that may be written with an escape. */
function quoted(r: Random, text: string): string {
  const plain = JSON.stringify(text);
  if (!r.chance(8) || text === '') return plain;
  return `"\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(text.slice(1)).slice(1)}`;
}

function scalar(r: Random): string {
  const kind = r.below(20);
  if (kind < 6) return r.pick(NUMBERS);
  if (kind < 12) return quoted(r, r.pick(TEXTS));
  if (kind < 14) return r.pick(['true', 'false', 'null']);
  if (kind < 17) return quoted(r, r.pick(r.pick(REGEXES).finds));
  return kind < 18 ? r.pick(ODD_SCALARS) : r.pick(['{}', '[]', '"b, a"', '" a"']);
}

const NAMES = ['a', 'b', 'c', 'a b', '0', 'é'];

function value(r: Random, depth: number): string {
  const kind = depth === 0 ? 0 : r.below(10);
  if (kind < 5) return scalar(r);
  if (kind < 8) return object(r, depth);
  return `[${r.some(0, 3, () => value(r, depth - 1)).join(r.pick([',', ', ']))}]`;
}

const object = (r: Random, depth: number): string =>
  `{${r.some(0, 3, () => `${quoted(r, r.pick(NAMES))}:${value(r, depth - 1)}`).join(r.pick([',', ', ', ',\n']))}}`;

/** A value that an operator of `test` looks at closely. */
function near(r: Random, test: Doc): string {
  if (r.chance(15)) return scalar(r);
  const listed = [test.exact, test.min, test.max, ...((test.in ?? test.not_in ?? []) as unknown[])];
  const operands = listed.filter(operand => operand !== undefined);
  const regex = REGEXES.find(({ pattern }) => pattern === test.regex);
  if (regex !== undefined) return quoted(r, r.pick(regex.finds));
  const part = (test.prefix ?? test.suffix ?? test.contains) as string | undefined;
  if (part !== undefined) return quoted(r, r.pick([part, `${part}x`, `x${part}`, part + part]));
  if (operands.length === 0) return scalar(r);
  const operand = r.pick(operands);
  if (typeof operand !== 'string' || !operand.startsWith('\u0001')) return JSON.stringify(operand);
  const number = operand.slice(1);
  return r.chance(80) ? number : r.pick([`"${number}"`, `${number}0`, `-${number}`, `[${number}]`]);
}

interface Tree {
  leaf: string | null;
  readonly members: Map<string | number, Tree>;
}
const tree = (): Tree => ({ leaf: null, members: new Map() });

function print(r: Random, { leaf, members }: Tree): string {
  if (leaf !== null) return leaf;
  const entries = [...members];
  if (entries.length > 0 && entries.every(([key]) => typeof key === 'number')) {
    const items: string[] = [];
    for (const [key, child] of entries) items[Number(key)] = print(r, child);
    return `[${Array.from(items, item => item ?? 'null').join(',')}]`;
  }
  const printed = entries.map(([key, child]) => `${quoted(r, String(key))}:${print(r, child)}`);
  if (r.chance(6)) printed.push(`${quoted(r, r.pick(NAMES))}:${value(r, 2)}`);
  if (r.chance(20)) printed.push(`"z":${value(r, 2)}`);
  return `{${printed.join(r.pick([',', ', ', ' ,\r\n\t']))}}`;
}

const ways = [...PATHS, ...MANY_PATHS];

/** JSON that holds something where the tests look. */
export function jsonFor(r: Random, tests: readonly Doc[]): string {
  if (tests.length === 0 || r.chance(10)) return r.chance(70) ? object(r, 3) : value(r, 2);
  const root = tree();
  for (const test of tests) {
    const way = ways.find(({ text }) => text === test.jsonpath)?.ways ?? [['a']];
    for (let times = r.below(3) === 0 ? 2 : 1; times > 0; times--) {
      let node = root;
      for (const key of r.pick(way)) {
        const child = node.members.get(key) ?? tree();
        node.members.set(key, child);
        node = child;
      }
      node.leaf = near(r, test);
    }
  }
  return print(r, root);
}

const FORM_NAMES = [
  ...['a', 'a', 'b', 'a[b]', 'a[]', 'a[0]', 'a[1]', 'a%5Bb%5D', 'a b', 'a+b', '_method', 'a[', 'a]', 'a[b]c', '%zz'],
  ...['a[1000]', 'a[0][b]', 'a[][b]', 'c', '', '[a]', 'a[01]', '0', 'c[a]', 'c[a][b]', 'b[b]', 'a[1][b]', '%C3%A9'],
];
const FORM_VALUES = [
  ...['1', '5', '50001', '6e4', 'a', 'ab', 'true', '', '%61', 'DELETE', 'get', '+5', '%ff', 'a=b', 'a+b', '1.0'],
  ...['%C3%A9', 'a b', '12', 'abab', '50000', 'false', '%F0%9F%98%80', '{"a":5}'],
];

export const form = (r: Random): string =>
  r
    .some(1, 4, () => {
      const name = r.pick(FORM_NAMES);
      return r.chance(90) ? `${name}=${r.pick(FORM_VALUES)}` : name;
    })
    .join('&');

const ODD = [
  '',
  ' ',
  '\ufeff{}',
  '{"a":1} x',
  '[',
  ' {"a":5}',
  `${'['.repeat(129)}${']'.repeat(129)}`,
  `${'['.repeat(128)}${']'.repeat(128)}`,
  `{"b":${'['.repeat(127)}${']'.repeat(127)},"a":5}`,
  `{"a":5,"pad":"${'x'.repeat(250)}"}`,
  `a=5&pad=${'x'.repeat(250)}`,
  '{"a":5,}',
  '{"a" 5}',
  '{"a":5}\n',
  '\n\n{"a":5}',
  '\u00a0{"a":5}',
];
const ODD_LINES = [
  '{"a":1}\n{"a":2}',
  '1\n2',
  '{"a":5}\n\n\n',
  '\n{"a":5}\r\n{"a":5}\r\n',
  '{"a":5}\nx',
  '{"a":5}\n{"a":5',
];

export function odd(r: Random): string {
  return r.pick(has('lines') && r.chance(30) ? ODD_LINES : ODD);
}

export const lines = (r: Random, tests: readonly Doc[]): string =>
  r
    .some(1, 3, () => (r.chance(5) ? r.pick(['', ' ', '{', 'x']) : jsonFor(r, tests).replace(/[\r\n]/g, ' ')))
    .join(r.pick(['\n', '\r\n', '\n\n'])) + r.pick(['', '\n']);
