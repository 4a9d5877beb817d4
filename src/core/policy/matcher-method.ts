/**
 * `method`: one or several (the language, section 3.1).
 */
import type { TreeNode } from '../json/tree.js';
import { LIST_MAX_STRINGS, METHOD_MAX_BYTES } from '../limits.js';
import { type IssueList, overBound, quoted } from './issue-list.js';
import { strings } from './strings.js';
import { nearest } from './suggest.js';

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const USUAL = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE'];

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Upper-case methods without repeats, or `*`; null after reporting. */
export function readMethods(issues: IssueList, node: TreeNode): readonly string[] | null {
  const given =
    node.kind === 'string'
      ? [node.value]
      : node.kind === 'list'
        ? strings(issues, node, '`method`', LIST_MAX_STRINGS)
        : null;
  if (given === null) return null;
  const methods = new Set<string>();
  let whole = true;
  given.forEach((method, i) => {
    const at = node.kind === 'list' ? (node.items[i]?.at ?? node.at) : node.at;
    if (method === '') {
      issues.add('empty_value', at, 'the method is empty', 'write `"*"` for any');
    } else if (!isToken(method)) {
      const first = method.split(/[ ,|]+/)[0] ?? '';
      const usual = nearest(first, USUAL);
      const several = usual === null ? null : `list them: [${usual}, …]`;
      issues.add('method_invalid', at, `${quoted(method)} is not an HTTP method`, several);
    } else if (method.length > METHOD_MAX_BYTES) {
      issues.addFlaw(at, overBound('the method', method.length, METHOD_MAX_BYTES, 'bytes'));
    } else {
      methods.add(method.toUpperCase());
      return;
    }
    whole = false;
  });
  return whole ? [...methods] : null;
}
