/**
 * Segments between slashes, as paths and names of tools have them (the language, section 3.2).
 *
 *   in   : the text of a pattern without what stands before its path
 *   out  : its segments, or why it cannot mean anything
 *   never: keeps two `**` side by side
 */
import { PATTERN_MAX_SEGMENTS } from '../limits.js';
import type { Segment } from './checked.js';
import { good, overBound, type Parsed, quoted } from './issue-list.js';

const ONE = good<Segment>({ kind: 'one' });
const MANY = good<Segment>({ kind: 'many' });
const ID = good<Segment>({ kind: 'id' });

type Wrong = (message: string, suggestion?: string | null) => Parsed<never>;

/** One trailing slash is ignored. `wrong` makes the flaw, `what` names the pattern, `resolved` are segments that no path has. */
export function parseSegments(
  text: string,
  what: string,
  wrong: Wrong,
  resolved: readonly string[],
): Parsed<readonly Segment[]> {
  const pieces = text.split('/');
  if (pieces.at(-1) === '') pieces.pop();
  const segments: Segment[] = [];
  for (const piece of pieces) {
    if (resolved.includes(piece)) {
      return wrong(`no path has a segment ${quoted(piece)}: it is resolved before matching`, 'write the resolved path');
    }
    const segment = parseSegment(piece, wrong);
    if (!segment.ok) return segment;
    if (segment.value.kind === 'many' && segments.at(-1)?.kind === 'many') continue;
    segments.push(segment.value);
  }
  if (segments.length > PATTERN_MAX_SEGMENTS) {
    return { ok: false, flaw: overBound(what, segments.length, PATTERN_MAX_SEGMENTS, 'path segments') };
  }
  return good(segments);
}

function parseSegment(piece: string, wrong: Wrong): Parsed<Segment> {
  if (piece === '*') return ONE;
  if (piece === '**') return MANY;
  if (piece === '{id}') return ID;
  if (/[{}]/.test(piece)) return wrong(`${quoted(piece)}: braces stand only in \`{id}\` as a whole segment`);
  if (piece.includes('%')) {
    return wrong(
      `${quoted(piece)}: patterns match the decoded path, so \`%\` cannot stand in one`,
      'write the character itself',
    );
  }
  return good(
    piece.includes('*') ? { kind: 'glob', text: piece.replace(/\*+/g, '*') } : { kind: 'literal', text: piece },
  );
}
