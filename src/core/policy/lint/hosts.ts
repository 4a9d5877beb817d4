/** What the URL pattern of an `allow` says about hosts that its author does not own. */
import type { Segment, UrlPattern } from '../checked.js';
import { quoted } from '../issue-list.js';
import type { Remark } from '../lints.js';
import { isPublicSuffix } from './suffixes.js';

type Parts = Extract<UrlPattern, { kind: 'parts' }>;

export function remarksOnUrl(url: UrlPattern | null): readonly Remark[] {
  if (url?.kind !== 'parts') return [];
  return [plainHttp(url), ...wildcards(url), withoutDot(url)].filter(remark => remark !== null);
}

function plainHttp(url: Parts): Remark | null {
  if ((url.scheme !== 'http' && url.scheme !== 'ws') || isLoopback(url)) return null;
  return {
    code: 'plain_http',
    message: `${quoted(url.text)} allows calls that anybody on the way can read and change`,
    suggestion: `write \`${url.scheme === 'http' ? 'https' : 'wss'}://\``,
  };
}

function isLoopback({ host }: Parts): boolean {
  if (host.kind === 'address') return /^127\.|^\[::1\]$/.test(host.text);
  const last = host.kind === 'labels' ? host.labels.at(-1) : undefined;
  return last?.kind === 'literal' && last.text === 'localhost';
}

function wildcards({ scheme, host, text }: Parts): readonly Remark[] {
  if (host.kind === 'any' && scheme !== 'tool') return [ofAnybody(text, '')];
  if (host.kind !== 'labels') return [];
  const { labels } = host;
  const last = labels.findLastIndex(isWild);
  if (last < 0) return [];
  const suffix = labels
    .slice(last + 1)
    .map(textOf)
    .join('.');
  if (isPublicSuffix(suffix)) return [ofAnybody(text, suffix)];
  const inside = labels.slice(-3).find(label => label.kind === 'glob');
  if (inside === undefined) return [];
  const message = `${quoted(text)}: ${quoted(textOf(inside))} also matches names that others may register`;
  return [{ code: 'glob_in_domain', message, suggestion: 'let `*` be a whole label, or list the hosts' }];
}

function ofAnybody(text: string, suffix: string): Remark {
  const whose = suffix === '' ? 'under every top-level domain' : `under ${quoted(suffix)}`;
  return {
    code: 'glob_over_public_suffix',
    message: `${quoted(text)} allows hosts of anybody ${whose}`,
    suggestion: 'write the label that you own before the suffix',
  };
}

/** A name such as `github` is a host of the local network and a tool server alike. */
function withoutDot({ scheme, host, text }: Parts): Remark | null {
  if (scheme !== null || host.kind !== 'labels' || host.labels.length !== 1) return null;
  const [only] = host.labels;
  if (only?.kind !== 'literal') return null;
  return {
    code: 'host_without_dot',
    message: `${quoted(text)} allows a host of the local network and a tool server of that name alike`,
    suggestion: 'write `https://` or `tool://` before it',
  };
}

const isWild = (label: Segment): boolean => label.kind !== 'literal';
const textOf = (label: Segment): string => ('text' in label ? label.text : '*');
