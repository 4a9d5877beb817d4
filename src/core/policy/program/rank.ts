/** Which of several rules that fired is named: the more specific, then the earlier in the file. */
import type { CheckedRule, Matcher, Segment, UrlPattern } from '../checked.js';

const counts = (segment: Segment): number => (segment.kind === 'literal' || segment.kind === 'id' ? 1 : 0);

/** Path segments and host labels without `*`; an address is one; scheme and port count nothing. */
function urlWeight(url: UrlPattern | null): number {
  if (url === null || url.kind === 'everything') return 0;
  let sum = 0;
  if (url.host.kind === 'address') sum = 1;
  else if (url.host.kind === 'labels') for (const label of url.host.labels) sum += counts(label);
  for (const segment of url.path) sum += counts(segment);
  return sum;
}

/** Of several tool patterns the most specific one counts. */
export function specificity({ url, tools }: Matcher): number {
  if (tools === null) return urlWeight(url);
  const weights = tools.map(tool => tool.path.reduce((sum, segment) => sum + counts(segment), 0));
  return urlWeight(url) + Math.max(0, ...weights);
}

/** For each rule its place among all, 0 being named before the others. */
export function ranks(rules: readonly CheckedRule[]): number[] {
  const weights = rules.map(rule => specificity(rule.matcher));
  const order = rules.map((_, i) => i).sort((a, b) => weights[b]! - weights[a]! || a - b);
  const out = new Array<number>(rules.length).fill(0);
  order.forEach((rule, rank) => {
    out[rule] = rank;
  });
  return out;
}
