/** Lists of strings and bounded strings, as several matchers take them. */
import type { ListNode, TreeNode } from '../json/tree.js';
import { wrongType } from './fields.js';
import { type IssueList, overBound, utf8Length } from './issue-list.js';

/** The items of a list that must not be empty nor longer than `max`; null after reporting. */
export function listItems(issues: IssueList, list: ListNode, what: string, max: number): readonly TreeNode[] | null {
  if (list.items.length === 0) {
    issues.add('empty_list', list.at, `${what} is an empty list`, 'list something, or leave the key out');
    return null;
  }
  if (list.items.length > max) {
    issues.addFlaw(list.at, overBound(what, list.items.length, max, 'items'));
    return null;
  }
  return list.items;
}

/** Every string of a non-empty list; each that is no string is reported. */
export function strings(issues: IssueList, list: ListNode, what: string, max: number): readonly string[] | null {
  const items = listItems(issues, list, what, max);
  if (items === null) return null;
  const out: string[] = [];
  for (const item of items) {
    if (item.kind === 'string') out.push(item.value);
    else wrongType(issues, item, `an item of ${what}`, 'string');
  }
  return out.length === items.length ? out : null;
}

/** Reports `text` when it is longer than `max` bytes of UTF-8. */
export function withinBytes(issues: IssueList, at: number, text: string, what: string, max: number): boolean {
  if (text.length * 3 <= max) return true;
  const bytes = utf8Length(text);
  if (bytes <= max) return true;
  issues.addFlaw(at, overBound(what, bytes, max, 'bytes'));
  return false;
}
