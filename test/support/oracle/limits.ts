/** Exact sliding windows, §5: every admitted call is kept. */
import type { BodyView } from './body.js';
import { clearRoots } from './body-match.js';
import { type BodyPath, nodesAt } from './body-path.js';
import { readExact } from './decimal.js';
import type { Node } from './json.js';
import { isIdLike, merged, readingsOf } from './path.js';
import type { Limit } from './policy.js';
import type { Parts } from './request.js';
import { toolKey } from './tool.js';

export interface Counted {
  /** Null: a tool call without a URL. */
  readonly request: Parts | null;
  readonly tool: string | null;
  readonly agent: string;
  /** What `field` looks into; null: nobody read it, or it is a tool call, which has none. */
  readonly body: BodyView | null;
  readonly paths: readonly BodyPath[];
}

/** `waitMs` is 0 where the keys ran out. */
export interface Refused {
  readonly rule: number;
  readonly code: 'rate_limited' | 'limit_keys_exhausted';
  readonly waitMs: number;
}

const MAX_KEYS = 10_000;

/** Admitted calls of each rule by key; times in milliseconds. */
export class Windows {
  private readonly admitted = new Map<number, Map<string, number[]>>();

  /** Those of `limits` (index and limit) that refuse, in their order. */
  refusals(limits: readonly (readonly [number, Limit])[], call: Counted, nowMs: number): readonly Refused[] {
    const refused: Refused[] = [];
    for (const [rule, limit] of limits) {
      const live = (of: readonly number[]): number[] => of.filter(at => at + limit.windowMs > nowMs);
      const keys = this.keysOf(rule);
      const stamps = live(keys.get(keyOf(limit, call)) ?? []);
      if (stamps.length >= limit.calls) {
        const waitMs = stamps[stamps.length - limit.calls]! + limit.windowMs - nowMs;
        refused.push({ rule, code: 'rate_limited', waitMs });
      } else if (stamps.length === 0 && keys.size >= MAX_KEYS) {
        for (const [key, of] of keys) if (live(of).length === 0) keys.delete(key);
        if (keys.size >= MAX_KEYS) refused.push({ rule, code: 'limit_keys_exhausted', waitMs: 0 });
      }
    }
    return refused;
  }

  charge(limits: readonly (readonly [number, Limit])[], call: Counted, nowMs: number): void {
    for (const [rule, limit] of limits) {
      const keys = this.keysOf(rule);
      const key = keyOf(limit, call);
      // Rounded against the caller: a day counts in seconds, and a call leaves it late rather than early.
      const at = limit.windowMs === 86_400_000 ? Math.ceil(nowMs / 1000) * 1000 : nowMs;
      keys.set(key, [...(keys.get(key) ?? []), at]);
    }
  }

  private keysOf(rule: number): Map<string, number[]> {
    const keys = this.admitted.get(rule) ?? new Map<string, number[]>();
    this.admitted.set(rule, keys);
    return keys;
  }
}

function keyOf({ per, field }: Limit, call: Counted): string {
  switch (per) {
    case 'agent':
      return call.agent;
    case 'host':
      return call.request?.host ?? '';
    case 'endpoint':
      return call.request === null ? toolKey(call.tool ?? '') : endpointOf(call.request);
    case 'body_field':
      return fieldOf(call, field ?? []);
    default:
      return '';
  }
}

function endpointOf({ host, path, scheme }: Parts): string {
  const reading = scheme === 'tool' ? (readingsOf(path, scheme)?.[0] ?? null) : merged(path);
  if (reading === null) return `${host} unreadable`;
  return `${host} /${JSON.stringify(reading.map(segment => (isIdLike(segment) ? '{id}' : segment)))}`;
}

/** Missing, unreadable and ambiguous share one key. */
function fieldOf({ body, paths }: Counted, field: BodyPath): string {
  if (body === null || body.kind !== 'read' || body.readings.length !== 1) return 'shared';
  const roots = clearRoots(body.readings[0]!, paths);
  // Each line is a reading.
  if (roots?.length !== 1) return 'shared';
  const nodes = nodesAt(roots[0]!, field);
  return nodes.length === 1 ? tagged(nodes[0]!) : 'shared';
}

function tagged(node: Node): string {
  if (node.type === 'array' || node.type === 'object') return 'shared';
  if (node.type === 'null') return 'null';
  if (node.type === 'boolean') return `boolean ${node.value}`;
  if (node.type === 'string' || node.type === 'form') return `string ${node.value}`;
  const read = readExact(node.text);
  if (typeof read === 'string') return 'shared';
  const digits = String(read.mantissa);
  const kept = digits.replace(/0+$/, '');
  return read.mantissa === 0n ? 'number 0' : `number ${kept}e${read.power + digits.length - kept.length}`;
}
