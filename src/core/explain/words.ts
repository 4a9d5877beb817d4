/**
 * A matcher in the words of a policy. For reading only: nothing parses it again.
 */
import type {
  BodyMatcher,
  Decimal,
  FieldMatcher,
  JsonPath,
  Operand,
  PathStep,
  RegexTest,
  TimeMatcher,
  ToolPattern,
  UrlPattern,
} from '../policy/checked.js';
import type { Part } from './parts.js';

/** Keys of the tree that are called otherwise in a policy. */
const NAMES: Readonly<Record<string, string>> = { methods: 'method', notIn: 'not_in', tools: 'tool' };
const LIST_SHOWN = 8;

/** What a person would look for in the policy: `url api.example.com/**`, `body $.amount min 50000`. */
export function partWords({ key, value }: Part): string {
  const name = NAMES[key] ?? key;
  switch (key) {
    case 'methods':
      return `${name} ${listed(value as readonly string[])}`;
    case 'url':
      return `${name} ${(value as UrlPattern).text}`;
    case 'query':
    case 'headers':
      return `${name} ${fieldWords(value as FieldMatcher)}`;
    case 'tools':
      return `${name} ${listed((value as readonly ToolPattern[]).map(({ text }) => text))}`;
    case 'body':
    case 'args':
      return `${name} ${bodyWords(value as BodyMatcher)}`;
    case 'time':
      return timeWords(value as TimeMatcher);
    default:
      return `${name} ${plain(value)}`;
  }
}

function fieldWords(field: FieldMatcher): string {
  return field.kind === 'absent' ? `${field.name} present false` : `${field.name}${testWords(field.test)}`;
}

function bodyWords({ path, test }: BodyMatcher): string {
  return `${pathWords(path)}${testWords(test)}`;
}

/** Operators in the order of the tree, each with its operand. */
function testWords(test: object): string {
  return Object.entries(test)
    .map(([name, operand]) => ` ${NAMES[name] ?? name} ${plain(operand)}`)
    .join('');
}

/** As RFC 9535 writes it. */
export function pathWords(path: JsonPath): string {
  return `$${path.map(stepWords).join('')}`;
}

function stepWords(step: PathStep): string {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step === 'object' && step.kind === 'every') return '[*]';
  const name = typeof step === 'string' ? step : step.name;
  const dots = typeof step === 'string' ? '.' : '..';
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return `${dots}${name}`;
  return `${dots === '.' ? '' : dots}[${JSON.stringify(name)}]`;
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const EVERY_DAY = 0x7f;

function timeWords({ windows, zone }: TimeMatcher): string {
  const minute = (of: number): string =>
    `${String(Math.floor(of / 60)).padStart(2, '0')}:${String(of % 60).padStart(2, '0')}`;
  const spans = windows.map(({ kind, startMinute, endMinute, days }) => {
    const named = DAYS.filter((_, i) => ((days >> i) & 1) === 1);
    return `time_${kind} ${minute(startMinute)}-${minute(endMinute)}${days === EVERY_DAY ? '' : ` days ${named.join(', ')}`}`;
  });
  if (zone.kind === 'named') return `${spans.join(' ')} ${zone.name}`;
  const { minutes } = zone;
  return `${spans.join(' ')} ${minutes === 0 ? 'UTC' : `UTC${minutes < 0 ? '-' : '+'}${minute(Math.abs(minutes))}`}`;
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return `[${listed(value.map(plain))}]`;
  if (isDecimal(value)) return decimalWords(value);
  if (isRegex(value)) return JSON.stringify(value.pattern);
  if (isOperand(value)) {
    if (value.type === 'null') return 'null';
    return value.type === 'number' ? decimalWords(value.value) : JSON.stringify(value.value);
  }
  return typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
}

function listed(items: readonly string[]): string {
  const shown = items.slice(0, LIST_SHOWN).join(', ');
  return items.length > LIST_SHOWN ? `${shown}, … ${items.length - LIST_SHOWN} more` : shown;
}

function isDecimal(value: unknown): value is Decimal {
  return typeof value === 'object' && value !== null && 'digits' in value && 'pointExponent' in value;
}

function isRegex(value: unknown): value is RegexTest {
  return typeof value === 'object' && value !== null && 'pattern' in value && 'automaton' in value;
}

function isOperand(value: unknown): value is Operand {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** Plain digits where they stay short, else an exponent. */
function decimalWords({ negative, digits, pointExponent }: Decimal): string {
  const sign = negative ? '-' : '';
  if (digits === '') return '0';
  if (pointExponent > 30 || pointExponent < -10) return `${sign}0.${digits}e${pointExponent}`;
  if (pointExponent >= digits.length) return sign + digits.padEnd(pointExponent, '0');
  if (pointExponent > 0) return `${sign}${digits.slice(0, pointExponent)}.${digits.slice(pointExponent)}`;
  return `${sign}0.${'0'.repeat(-pointExponent)}${digits}`;
}
