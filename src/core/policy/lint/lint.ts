/**
 * What loads and is most likely not meant (the language, section 8).
 *
 *   in   : a policy after every check, and the text it was read from; null: it came as an object
 *   out  : lints in file order, each with where its rule or key begins
 *   never: changes what the policy means, throws
 */
import type { CheckedPolicy, CheckedRule, Matcher } from '../checked.js';
import { type Lint, lintAt, lintRule, type Remark } from '../lints.js';
import { isOfTools } from './covers.js';
import { lintText } from './hidden.js';
import { remarksOnUrl } from './hosts.js';
import { remarksOnMatcher } from './never.js';
import { isShadow, lintPairs } from './pairs.js';

export function lintPolicy(policy: CheckedPolicy, text: string | null): readonly Lint[] {
  const lints = [...lintDocument(policy), ...lintPairs(policy), ...(text === null ? [] : lintText(text))];
  for (const rule of policy.rules) {
    for (const remark of remarksOnAllow(rule)) lints.push(lintRule(rule, remark));
    for (const remark of remarksOnMatcher(rule)) lints.push(lintRule(rule, remark));
  }
  return lints
    .map((lint, i) => ({ lint, i }))
    .sort((a, b) => (a.lint.line ?? 0) - (b.lint.line ?? 0) || (a.lint.column ?? 0) - (b.lint.column ?? 0) || a.i - b.i)
    .map(({ lint }) => lint);
}

function lintDocument({ defaultResult, defaultAt, tests }: CheckedPolicy): readonly Lint[] {
  const lints: Lint[] = [];
  if (tests.length === 0) {
    const suggestion = 'write what must pass and what must not under `tests:`';
    const start = defaultAt === null ? null : { line: 1, column: 1 };
    lints.push(lintAt(start, { code: 'no_tests', message: 'the policy has no tests of its own', suggestion }));
  }
  if (defaultResult === 'allow') {
    const message = '`default: allow` lets every call pass that no rule names';
    const suggestion = 'write `default: deny` and allow what is needed';
    lints.push(lintAt(defaultAt, { code: 'default_allow', message, suggestion }));
  }
  return lints;
}

function remarksOnAllow(rule: CheckedRule): readonly Remark[] {
  const { effect, matcher } = rule;
  if (effect.kind !== 'allow' || isShadow(rule)) return [];
  // Most rules name a URL, and such a one is not about everything; a rule about tools allows no host.
  if (matcher.url !== null && !isEveryUrl(matcher)) return isOfTools(matcher) ? [] : remarksOnUrl(matcher.url);
  if (isEmpty(matcher)) {
    const message = 'its matcher is empty, so it matches every call';
    return [{ code: 'empty_matcher', message, suggestion: 'say what it allows, or write `url: "**"` if all is meant' }];
  }
  const everyTool = matcher.tools?.some(({ path }) => path.length === 1 && path[0]?.kind === 'many') === true;
  if (
    isEmpty({
      ...matcher,
      ...(isEveryUrl(matcher) ? { url: null } : {}),
      ...(isEveryMethod(matcher) ? { methods: null } : {}),
      ...(everyTool ? { tools: null } : {}),
    })
  ) {
    const message = everyTool ? 'it allows every call of a tool' : 'it allows every call';
    const suggestion = everyTool ? 'name the tools that are needed' : 'name the hosts and methods that are needed';
    return [{ code: 'allow_everything', message, suggestion }];
  }
  return isOfTools(matcher) ? [] : remarksOnUrl(matcher.url);
}

/** Every part absent, whatever parts there are. */
function isEmpty(matcher: Matcher): boolean {
  return Object.values(matcher).every(part => part === null || (Array.isArray(part) && part.length === 0));
}

const isEveryMethod = ({ methods }: Matcher): boolean => methods?.includes('*') === true;

function isEveryUrl({ url }: Matcher): boolean {
  if (url === null || url.kind === 'everything') return url !== null;
  const { scheme, host, port, path } = url;
  return (
    scheme === null &&
    host.kind === 'any' &&
    (port === null || port === 'any') &&
    path.length === 1 &&
    path[0]?.kind === 'many'
  );
}
