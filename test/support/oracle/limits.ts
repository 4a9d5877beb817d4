/** Exact sliding windows, §5: every admitted call is kept. */
import type { CheckedRule, JsonPath } from '#src/core/policy/checked.js';
import { ambiguousOnTheWay, type BodyView, nodeAt } from './body.js';
import { readExact } from './decimal.js';
import type { Node } from './json.js';
import { isIdLike, merged, readingsOf } from './path.js';
import type { Parts } from './request.js';

export interface Counted {
  readonly request: Parts;
  readonly agent: string;
  readonly body: BodyView | null;
  readonly paths: readonly JsonPath[];
}

export interface Refused {
  readonly rule: number;
  readonly waitMs: number;
}

/** Admitted calls by rule and key; times in milliseconds. */
export class Windows {
  private readonly admitted = new Map<string, number[]>();

  /** The first rule that fails, and the longest wait; null: all pass, and each is charged. */
  check(limits: readonly (readonly [number, CheckedRule])[], call: Counted, nowMs: number): Refused | null {
    const refusals: Refused[] = [];
    const charges: (readonly [string, number])[] = [];
    for (const [index, rule] of limits) {
      if (rule.effect.kind !== 'limit') continue;
      const { calls, windowMs } = rule.effect;
      const key = `${index} ${keyOf(rule, call)}`;
      // Rounded against the caller: a day counts in seconds, and a call leaves it late rather than early.
      charges.push([key, windowMs === 86_400_000 ? Math.ceil(nowMs / 1000) * 1000 : nowMs]);
      const live = (this.admitted.get(key) ?? []).filter(at => at + windowMs > nowMs);
      if (live.length >= calls) refusals.push({ rule: index, waitMs: live[live.length - calls]! + windowMs - nowMs });
    }
    if (refusals.length > 0) return { rule: refusals[0]!.rule, waitMs: Math.max(...refusals.map(r => r.waitMs)) };
    for (const [key, at] of charges) this.admitted.set(key, [...(this.admitted.get(key) ?? []), at]);
    return null;
  }
}

function keyOf(rule: CheckedRule, call: Counted): string {
  if (rule.effect.kind !== 'limit') return '';
  switch (rule.effect.per) {
    case 'global':
      return '';
    case 'agent':
      return call.agent;
    case 'host':
      return call.request.host;
    case 'endpoint':
      return endpointOf(call.request);
    case 'body_field':
      return fieldOf(call, rule.effect.field ?? []);
  }
}

function endpointOf({ host, path, scheme }: Parts): string {
  const reading = scheme === 'tool' ? (readingsOf(path, scheme)?.[0] ?? null) : merged(path);
  if (reading === null) return `${host} unreadable`;
  return `${host} /${JSON.stringify(reading.map(segment => (isIdLike(segment) ? '{id}' : segment)))}`;
}

function fieldOf({ body, paths }: Counted, field: JsonPath): string {
  if (body === null || body.kind !== 'read' || body.readings.length !== 1) return 'shared';
  const root = body.readings[0] ?? null;
  if (root === null || paths.some(path => ambiguousOnTheWay(root, path))) return 'shared';
  return tagged(nodeAt(root, field));
}

function tagged(node: Node | null): string {
  if (node === null || node.type === 'array' || node.type === 'object') return 'shared';
  if (node.type === 'null') return 'null';
  if (node.type === 'boolean') return `boolean ${node.value}`;
  if (node.type === 'string' || node.type === 'form') return `string ${node.value}`;
  const read = readExact(node.text);
  if (typeof read === 'string') return 'shared';
  const digits = String(read.mantissa);
  const kept = digits.replace(/0+$/, '');
  return read.mantissa === 0n ? 'number 0' : `number ${kept}e${read.power + digits.length - kept.length}`;
}
