/** Policies that load, as objects; `textOf` is their text. */
import { has } from './features.js';
import {
  DAYS,
  MANY_PATHS,
  NEEDLES,
  NUMBERS,
  PATHS,
  type PathChoice,
  REGEXES,
  raw,
  TEXTS,
  TOOL_PATTERNS,
  ZONES,
} from './pools.js';
import type { Random } from './random.js';

/** Any JSON object. */
export type Doc = Record<string, unknown>;

const SEGMENTS = ['v1', 'a', 'b', 'ab', '*', '**', '{id}', 'a*', '*b', 'a*b', 'x;y', 'é', '12', 'a b', 'a\\b', 'A'];
const HOSTS = [
  'api.example.com',
  'api.example.com',
  'api.example.com',
  '*.example.com',
  '**.example.com',
  'a*.example.com',
  '*',
  '**',
  '*',
  '127.0.0.1',
  '127.*.*.1',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::127.0.0.1]',
  '0x7f.1',
  'EXAMPLE.com',
  'example.com.',
  'bücher.example',
  '*.*.com',
  '**.com',
  'api.**.com',
  'xn--bcher-kva.example',
  '[2001:DB8::1]',
  '*i.example.*',
  '**.b.**',
];
const METHODS = ['GET', 'post', 'DELETE', 'PATCH', 'M-SEARCH', '*'];
const FIELD_TEXTS = ['a', 'b', 'ab', '1', 'é', 'a, b', '', 'A', 'a b'];
const CLOCKS = ['09:00-17:00', '22:00-06:00', '00:00-24:00', '12:00-12:01', '23:59-00:01', '01:30-02:30'];

function url(r: Random): string {
  if (r.chance(12)) return r.pick(['*', '**', '**/a', '**/v1/*', '**/b/**']);
  const scheme = r.pick(['', '', '', '', 'https://', 'http://', 'wss://', 'tool://', 'tcp://']);
  const port = r.pick(['', '', '', ':*', ':443', ':80', ':8080']);
  const start = `${scheme}${r.pick(HOSTS)}${port}`;
  const shape = r.pick(['none', 'slash', 'plain', 'plain', 'plain', 'trailing', 'any', 'any']);
  if (shape === 'none') return start;
  if (shape === 'slash') return `${start}/`;
  if (shape === 'any') return `${start}/**`;
  return `${start}/${r.some(1, 4, () => r.pick(SEGMENTS)).join('/')}${shape === 'trailing' ? '/' : ''}`;
}

function textTest(r: Random): Doc {
  const kind = r.below(has('regex') ? 6 : 5);
  if (kind === 0) return { prefix: r.pick(NEEDLES) };
  if (kind === 1) return { suffix: r.pick(NEEDLES) };
  if (kind === 2) return { contains: r.pick(NEEDLES) };
  if (kind === 3) return { prefix: r.pick(NEEDLES), suffix: r.pick(NEEDLES) };
  if (kind === 4) return { contains: r.pick(NEEDLES), prefix: r.pick(NEEDLES) };
  const regex = r.pick(REGEXES).pattern;
  return r.chance(80) ? { regex } : { regex, contains: r.pick(NEEDLES) };
}

function field(r: Random, names: readonly string[]): Doc {
  const name = r.pick(names);
  switch (r.below(6)) {
    case 0:
      return { name, exact: r.pick(FIELD_TEXTS) };
    case 1:
      return { name, in: r.few(1, 3, FIELD_TEXTS) };
    case 2:
      return r.pick([{ name }, { name, present: true }, { name, present: false }]);
    default:
      return { name, ...textTest(r) };
  }
}

export const operand = (r: Random): unknown =>
  r.chance(45) ? raw(r.pick(NUMBERS)) : r.pick<unknown>([...TEXTS, true, false, null]);

export const pathChoice = (r: Random): PathChoice => r.pick(has('paths') && r.chance(40) ? MANY_PATHS : PATHS);

function bodyTest(r: Random): Doc {
  const jsonpath = pathChoice(r).text;
  switch (r.below(12)) {
    case 0:
      return { jsonpath, exact: operand(r) };
    case 1:
      return { jsonpath, in: r.some(1, 3, () => operand(r)) };
    case 2:
      return { jsonpath, not_in: r.some(1, 3, () => operand(r)) };
    case 3:
      return { jsonpath, min: raw(r.pick(NUMBERS)) };
    case 4:
      return { jsonpath, max: raw(r.pick(NUMBERS)) };
    case 5:
      return { jsonpath, min: raw(r.pick(NUMBERS)), not_in: [operand(r)] };
    case 6:
      return { jsonpath, exists: true };
    case 7:
      return { jsonpath, exists: false };
    case 8:
      return { jsonpath };
    default:
      return { jsonpath, ...textTest(r) };
  }
}

const bodyTests = (r: Random): Doc | Doc[] => (r.chance(50) ? bodyTest(r) : r.some(1, 3, () => bodyTest(r)));

function time(r: Random): Doc {
  const keys: Doc = {};
  const days = has('days') && r.chance(40);
  if (!days || r.chance(60)) keys[r.pick(['time_within', 'time_outside'])] = r.pick(CLOCKS);
  if (r.chance(5)) keys.time_within = r.pick(CLOCKS);
  if (days) keys.days = r.few(1, 3, DAYS);
  const zones = has('zones') ? ZONES : [];
  const zone = r.pick([undefined, 'UTC', 'utc', '+05:30', '-11:00', ...zones]);
  if (zone !== undefined) keys.timezone = zone;
  return keys;
}

function matcher(r: Random): Doc {
  const keys: Doc = {};
  if (has('tool') && r.chance(15)) {
    if (r.chance(75)) keys.tool = r.chance(50) ? r.pick(TOOL_PATTERNS) : r.few(1, 3, TOOL_PATTERNS);
    if (keys.tool === undefined || r.chance(45)) keys.args = bodyTests(r);
    if (r.chance(20)) keys.url = r.pick(['*', 'api.example.com/**', 'tool://api.example.com/a', '*/a/*']);
    if (r.chance(10)) Object.assign(keys, time(r));
    return keys;
  }
  if (r.chance(40)) keys.method = r.chance(50) ? r.pick(METHODS) : r.few(1, 3, METHODS);
  if (r.chance(70)) keys.url = url(r);
  if (r.chance(12)) keys.query = r.some(1, 2, () => field(r, ['q', 'a b', 'Q', 'é', '_method']));
  if (r.chance(15)) keys.headers = r.some(1, 2, () => field(r, ['x-a', 'X-B', 'Content-Type', 'x-http-method']));
  if (r.chance(45)) keys.body = bodyTests(r);
  if (r.chance(12)) Object.assign(keys, time(r));
  return keys;
}

const PERIODS = ['calls_per_second', 'calls_per_minute', 'calls_per_hour', 'calls_per_day'];

function limit(r: Random): Doc {
  const per = r.pick(['global', 'agent', 'host', 'endpoint', 'body_field']);
  return {
    [r.pick(PERIODS)]: 1 + r.below(3),
    per,
    ...(per === 'body_field' ? { field: pathChoice(r).text } : {}),
    ...(r.chance(50) ? {} : matcher(r)),
  };
}

function rule(r: Random, name: string): Doc {
  const kind = r.below(9);
  const effect = kind < 3 ? 'deny' : kind < 6 ? 'allow' : kind < 8 ? 'limit' : 'all';
  const given = effect === 'limit' ? limit(r) : effect === 'all' ? { url: '*' } : matcher(r);
  const made: Doc = { name, [effect === 'all' ? 'allow' : effect]: given };
  // Matchers stand inside the effect or beside it.
  for (const key of ['method', 'url', 'body', 'tool', 'args', 'headers']) {
    if (!Object.hasOwn(given, key) || !r.chance(15)) continue;
    made[key] = given[key];
    delete given[key];
  }
  if (has('shadow') && r.chance(15)) made.mode = 'dry_run';
  if (has('hint') && r.chance(20)) made.hint = r.pick(['ask Ada', "use 'read' instead — é"]);
  if (r.chance(5)) made.description = 'a text';
  return made;
}

export function policy(r: Random): Doc {
  const made: Doc = { default: r.pick(['allow', 'deny']) };
  if (r.chance(20)) made.mode = r.pick(['enforce', 'dry_run']);
  if (r.chance(20)) made.agents = r.pick([['default'], ['bot-*', 'x'], ['*']]);
  let index = 0;
  made.rules = r.some(0, 5, () => rule(r, `r${index++}`));
  return made;
}
