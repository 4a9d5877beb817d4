/**
 * The host of a URL pattern: names as lower-case ASCII labels, addresses in their one spelling.
 * The WHATWG parser does both, so that a pattern and a request cannot be spelled apart.
 */
import { PATTERN_MAX_SEGMENTS } from '../limits.js';
import type { HostPattern, Segment } from './checked.js';
import { flawed, good, overBound, type Parsed, quoted } from './issue-list.js';

/** What a host may hold before it is read; other ASCII would mean something else to the URL parser. */
const HOST_TEXT = /^[A-Za-z0-9_.*\u0080-\u{10FFFF}-]+$/u;
/** Names that the URL parser would leave as they are: it is slow, and a policy may hold 100,000 of them. */
const USUAL = /^(?:(?!xn--)[a-z0-9_-]+\.)*(?!xn--)[a-z_][a-z0-9_-]*$/;
const GLOB_LABEL = /^[a-z0-9_*-]+$/;
const IPV4 = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;
const NUMERIC = /^(?:\d+|0x[0-9a-f]*)$/;
const OCTET = /^(?:0|[1-9]\d{0,2})$/;

/** `text` is the host alone: without port, with brackets where it is IPv6. */
export function parseHost(text: string): Parsed<HostPattern> {
  if (text === '') return wrong('the host is empty', 'write `*` for any host');
  if (text === '*' || text === '**') return good({ kind: 'any' });
  if (text.startsWith('[')) return parseIpv6(text);
  if (!HOST_TEXT.test(text)) return wrong(`${quoted(text)} is not a host name`, null);
  return text.includes('*') ? parseGlobHost(text.endsWith('.') ? text.slice(0, -1) : text) : parsePlainHost(text);
}

function parsePlainHost(host: string): Parsed<HostPattern> {
  if (USUAL.test(host)) return labelled(host.split('.').map(text => ({ kind: 'literal', text })));
  const ascii = hostname(host);
  if (ascii === null) return wrong(`${quoted(host)} is not a host name`, null);
  if (IPV4.test(ascii)) return good({ kind: 'address', text: ascii, alias: null });
  return labelled(ascii.split('.').map(text => ({ kind: 'literal', text })));
}

function parseGlobHost(host: string): Parsed<HostPattern> {
  const labels: Segment[] = [];
  for (const label of host.split('.')) {
    if (label === '**') labels.push({ kind: 'many' });
    else if (label === '*') labels.push({ kind: 'one' });
    else if (label.includes('*')) {
      const glob = label.toLowerCase();
      if (!GLOB_LABEL.test(glob)) {
        return wrong(
          `${quoted(label)} mixes \`*\` with other than ASCII characters`,
          'write the label in Punycode (`xn--…`)',
        );
      }
      labels.push({ kind: 'glob', text: glob.replace(/\*+/g, '*') });
    } else {
      // A label behind it keeps digits from being read as an address.
      const ascii = label === '' ? null : hostname(`${label}.a`);
      if (ascii === null || ascii.indexOf('.') !== ascii.length - 2)
        return wrong(`${quoted(host)} is not a host name`, null);
      labels.push({ kind: 'literal', text: ascii.slice(0, -2) });
    }
  }
  const last = labels.at(-1);
  if (last?.kind === 'literal' && NUMERIC.test(last.text) && !canBeIpv4(labels)) {
    return wrong(`no host looks like ${quoted(host)}: what ends in a number is an IPv4 address`, null);
  }
  return labelled(labels);
}

/** Whether some address in its usual spelling has these labels. */
function canBeIpv4(labels: readonly Segment[]): boolean {
  const many = labels.some(label => label.kind === 'many');
  const literal = labels.every(l => l.kind !== 'literal' || (OCTET.test(l.text) && Number(l.text) <= 255));
  return literal && (many ? labels.length <= 4 : labels.length === 4);
}

function labelled(labels: readonly Segment[]): Parsed<HostPattern> {
  if (labels.some(label => label.kind === 'literal' && label.text === ''))
    return wrong('a label of the host is empty', null);
  if (labels.length > PATTERN_MAX_SEGMENTS) {
    return { ok: false, flaw: overBound('the host of the URL pattern', labels.length, PATTERN_MAX_SEGMENTS, 'labels') };
  }
  return good({ kind: 'labels', labels });
}

function parseIpv6(text: string): Parsed<HostPattern> {
  const canonical = /^\[[0-9A-Fa-f:.]+\]$/.test(text) ? hostname(text) : null;
  if (canonical === null) return wrong(`${quoted(text)} is not an IPv6 address`, null);
  return good({ kind: 'address', text: canonical, alias: ipv4Alias(canonical) });
}

/** The IPv4 form of `::ffff:a.b.c.d` and `::a.b.c.d` (but `::` and `::1`), from a canonical address in brackets. */
function ipv4Alias(canonical: string): string | null {
  const [head = '', tail] = canonical.slice(1, -1).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const groups = [...left, ...middle, ...right].map(group => Number.parseInt(group, 16));
  if (groups.slice(0, 5).some(group => group !== 0)) return null;
  const [sixth = 0, high = 0, low = 0] = groups.slice(5);
  const mapped = sixth === 0xffff;
  const compatible = sixth === 0 && (high !== 0 || low > 1);
  return mapped || compatible ? `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}` : null;
}

/** The host as the WHATWG parser writes it, without one trailing dot; null when it is none. */
function hostname(host: string): string | null {
  // Not `URL.canParse`: once optimised, Node 20's says false of Latin-1 text that is not ASCII.
  let ascii: string;
  try {
    ascii = new URL(`http://${host}/`).hostname;
  } catch {
    return null;
  }
  return ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
}

function wrong(message: string, suggestion: string | null): Parsed<never> {
  return flawed('url_pattern_invalid', message, suggestion);
}
