/**
 * `tool`: patterns of the names of tools (the language, section 3.6).
 */
import type { TreeNode } from '../json/tree.js';
import { LIST_MAX_STRINGS, PATTERN_MAX_BYTES } from '../limits.js';
import type { ToolPattern } from './checked.js';
import { flawed, good, type IssueList, overBound, type Parsed, utf8Length } from './issue-list.js';
import { parseSegments } from './segments.js';
import { strings } from './strings.js';

/** One pattern or a list of them; null after reporting. */
export function readToolPatterns(issues: IssueList, node: TreeNode): readonly ToolPattern[] | null {
  const given =
    node.kind === 'string'
      ? [node.value]
      : node.kind === 'list'
        ? strings(issues, node, '`tool`', LIST_MAX_STRINGS)
        : null;
  if (given === null) return null;
  const patterns = given.map((text, i) => {
    const at = node.kind === 'list' ? (node.items[i]?.at ?? node.at) : node.at;
    return issues.take(at, parseToolPattern(text));
  });
  const whole = patterns.filter(pattern => pattern !== null);
  return whole.length === patterns.length ? whole : null;
}

/** Never throws. A name is split at `/`; case counts. */
export function parseToolPattern(text: string): Parsed<ToolPattern> {
  if (text === '') return flawed('empty_value', 'the tool pattern is empty', 'write `"**"` for every tool');
  const bytes = utf8Length(text);
  if (bytes > PATTERN_MAX_BYTES)
    return { ok: false, flaw: overBound('the tool pattern', bytes, PATTERN_MAX_BYTES, 'bytes') };
  if (/\p{Cc}/u.test(text)) return wrong('the tool pattern holds a control character, which no name of a tool has');
  const path = parseSegments(text, 'the tool pattern', wrong, []);
  return path.ok ? good({ text, path: path.value }) : path;
}

function wrong(message: string, suggestion: string | null = null): Parsed<never> {
  return flawed('tool_pattern_invalid', message, suggestion);
}
