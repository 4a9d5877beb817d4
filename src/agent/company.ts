/**
 * The rules whose paths the engine follows through this request's body, or arguments, while it judges any of them.
 *
 *   in   : a policy and a request
 *   out  : for rules that bind and for shadow rules, the paths of all that are judged together, in rules that never fire
 *   never: decides which rules these are; the engine says it, by refusing a body that is too long to be read
 */
import type { BatchRequest } from '../core/decide/batch-line.js';
import { EMPTY_MATCHER, EMPTY_POLICY, EMPTY_RULE } from '../core/explain/parts.js';
import type { BodyMatcher, CheckedPolicy, CheckedRule, JsonPath, Matcher } from '../core/policy/checked.js';
import type { LoadChecked } from './offline.js';
import { ALONE, type Company } from './probe.js';

export interface Companies {
  readonly binding: Company;
  /** What binds is judged without what shadow rules look for, and not the other way round. */
  readonly shadow: Company;
}

interface Ask {
  readonly request: BatchRequest;
  readonly agent: string;
  readonly atMs: number;
}

const NOBODY: Companies = { binding: ALONE, shadow: ALONE };
const ROOM_BYTES = 1024;
const TOO_LONG = ' '.repeat(ROOM_BYTES + 1);
const PATHS_A_RULE = 63;

export function companiesOf(load: LoadChecked, { rules }: CheckedPolicy, ask: Ask): Companies {
  const { tool, body, args } = ask.request;
  const key = tool === null ? 'body' : 'args';
  if ((tool === null ? body : args) === null) return NOBODY;
  const looking = rules.filter(rule => rule.matcher[key].length > 0 || (tool === null && fieldOf(rule) !== null));
  const there = candidates(load, looking, key, ask);
  const binding = there.filter(rule => !rule.shadow);
  const alone = company(binding, key);
  return { binding: alone, shadow: there.length === binding.length ? alone : company(there, key) };
}

function company(rules: readonly CheckedRule[], key: 'body' | 'args'): Company {
  const paths = new Map<string, JsonPath>();
  for (const rule of rules) {
    const field = key === 'body' ? fieldOf(rule) : null;
    const own = rule.matcher[key].map(({ path }) => path);
    for (const path of field === null ? own : [...own, field]) paths.set(JSON.stringify(path), path);
  }
  const looks = [...paths.values()];
  const companions: CheckedRule[] = [];
  for (let i = 0; i < looks.length; i += PATHS_A_RULE) {
    const some = looks.slice(i, i + PATHS_A_RULE);
    // Nothing is there and absent, so an `allow` of that never fires.
    const never: BodyMatcher = { path: some[0] ?? [], test: { exists: false } };
    companions.push({
      ...EMPTY_RULE,
      effect: { kind: 'allow' },
      matcher: { ...EMPTY_MATCHER, [key]: [...some.map(there), never] },
    });
  }
  return companions;
}

/** Those of `rules` that nothing but the body can still rule out. */
function candidates(
  load: LoadChecked,
  rules: readonly CheckedRule[],
  key: 'body' | 'args',
  { request, agent, atMs }: Ask,
): readonly CheckedRule[] {
  const unread: BatchRequest = { ...request, [key]: TOO_LONG };
  const found: CheckedRule[] = [];
  const pending: (readonly CheckedRule[])[] = rules.length === 0 ? [] : [rules];
  for (let some = pending.pop(); some !== undefined; some = pending.pop()) {
    const asked = some.map((rule): CheckedRule => ({ ...rule, shadow: false, matcher: looking(rule.matcher, key) }));
    const loaded = load({ ...EMPTY_POLICY, rules: asked }, ROOM_BYTES);
    if (!loaded.ok) throw new Error(`rules of a policy that loads do not load: ${loaded.errors[0]?.message}`);
    if (loaded.decider.decide(unread, agent, atMs, false).code !== 'body_too_large') continue;
    if (some.length === 1) found.push(...some);
    else pending.push(some.slice(some.length >> 1), some.slice(0, some.length >> 1));
  }
  return found;
}

/** A limit by a field of the body looks into it only once it applies. */
function looking(matcher: Matcher, key: 'body' | 'args'): Matcher {
  return matcher[key].length > 0 ? matcher : { ...matcher, [key]: [there([])] };
}

const there = (path: JsonPath): BodyMatcher => ({ path, test: { exists: true } });

function fieldOf({ effect }: CheckedRule): JsonPath | null {
  return effect.kind === 'limit' ? effect.field : null;
}
