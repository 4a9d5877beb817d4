/**
 * A matcher in the words of a policy. For reading only: nothing parses it again.
 */
import type { BodyMatcher, Decimal, FieldMatcher, Operand, TimeMatcher, UrlPattern } from '../policy/checked.js';
import type { Part } from './parts.js';

/** Keys of the tree that are called otherwise in a policy. */
const NAMES: Readonly<Record<string, string>> = { methods: 'method', notIn: 'not_in' };
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
    case 'body':
      return `${name} ${bodyWords(value as BodyMatcher)}`;
    case 'time':
      return timeWords(value as TimeParts);
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

/** As RFC 9535 writes it; a step that is neither name nor index is shown as it is kept. */
export function pathWords(path: readonly unknown[]): string {
  let text = '$';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (typeof step !== 'string') text += `[${JSON.stringify(step)}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(step)) text += `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** Whatever else the time of a rule has is shown as it is kept. */
type TimeParts = { readonly windows?: TimeMatcher['windows']; readonly offsetMinutes?: unknown };

function timeWords({ windows = [], offsetMinutes, ...more }: TimeParts): string {
  const minute = (of: number): string =>
    `${String(Math.floor(of / 60)).padStart(2, '0')}:${String(of % 60).padStart(2, '0')}`;
  const spans = windows.map(
    ({ kind, startMinute, endMinute }) => `time_${kind} ${minute(startMinute)}-${minute(endMinute)}`,
  );
  const zone =
    typeof offsetMinutes !== 'number'
      ? []
      : [offsetMinutes === 0 ? 'UTC' : `UTC${offsetMinutes < 0 ? '-' : '+'}${minute(Math.abs(offsetMinutes))}`];
  const rest = Object.entries(more).map(([name, value]) => `${name} ${plain(value)}`);
  return [...spans, ...rest, ...zone].join(' ');
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return `[${listed(value.map(plain))}]`;
  if (isDecimal(value)) return decimalWords(value);
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
