/**
 * The parts of a `limit` (the language, section 5).
 */
import { LIMIT_MAX_CALLS } from '../limits.js';
import type { CheckContext } from './check-context.js';
import type { Effect, LimitKey } from './checked.js';
import { type LIMIT_EFFECT_KEYS, LIMIT_KEYS } from './definition.js';
import { type Fields, integerWithin } from './fields.js';
import { readPath } from './matcher-body.js';

type LimitEffect = Extract<Effect, { kind: 'limit' }>;

const WINDOWS = {
  calls_per_second: 1_000,
  calls_per_minute: 60_000,
  calls_per_hour: 3_600_000,
  calls_per_day: 86_400_000,
} as const;
const RATES = Object.keys(WINDOWS) as (keyof typeof WINDOWS)[];
const PER: readonly LimitKey[] = LIMIT_KEYS.per.values;

/** Null after reporting. */
export function readLimit(context: CheckContext, fields: Fields<keyof typeof LIMIT_EFFECT_KEYS>): LimitEffect | null {
  const { issues } = context;
  const rates = RATES.filter(rate => fields.has(rate));
  const [rate] = rates;
  if (rate === undefined || rates.length > 1) {
    const got = rates.length === 0 ? 'none' : rates.map(r => `\`${r}\``).join(' and ');
    const suggestion =
      rates.length === 0 ? 'add for example `calls_per_minute: 60`' : 'write a second rule for the other';
    issues.add(
      'limit_invalid',
      fields.map.at,
      `a limit has exactly one of the \`calls_per_…\` keys, this one ${got}`,
      suggestion,
    );
  }
  const calls = rate === undefined ? null : integerWithin(issues, fields.node(rate), `\`${rate}\``, 1, LIMIT_MAX_CALLS);
  const per = fields.choice('per', PER);
  const field = readPath(context, fields.node('field'));
  if (per === 'body_field' && !fields.has('field')) {
    issues.add(
      'limit_invalid',
      fields.at('per'),
      '`per: body_field` needs `field`',
      'add for example `field: "$.model"`',
    );
    return null;
  }
  if (per !== null && per !== 'body_field' && fields.has('field')) {
    issues.add('limit_invalid', fields.at('field'), '`field` goes only with `per: body_field`', 'leave `field` out');
  }
  if (rate === undefined || calls === null || per === null || (per === 'body_field' && field === null)) return null;
  return { kind: 'limit', calls, windowMs: WINDOWS[rate], per, field };
}
