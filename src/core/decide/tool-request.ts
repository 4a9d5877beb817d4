/**
 * Step 1 of a decision for whatever is decided: HTTP, or the call of a tool (policy language, §3.6).
 *
 *   in   : a request as an edge was given it
 *   out  : its URL as it will be judged, null for a tool call without one, or a sentence why it cannot be judged
 *   never: softened by any mode
 */
import { TOOL_NAME_MAX_BYTES } from '../limits.js';
import { checkRequest } from './request.js';
import type { HeaderLines } from './types.js';

export type CheckedAction =
  | { readonly ok: true; readonly url: string | null }
  | { readonly ok: false; readonly reason: string };

/** A tool call may have a method and a URL of its own; a call without a method is a POST. */
export const TOOL_METHOD = 'POST';
const NO_HEADERS: HeaderLines = [];
/** Stands in for the URL that a tool call may be without, so that its method is checked all the same. */
const ANY_URL = 'tool://none/';
const encoder = new TextEncoder();

type Given =
  | { readonly tool: string; readonly method: string; readonly url: string | null }
  | { readonly method: string; readonly url: string; readonly headers: HeaderLines };

/** Pure; a reason quotes nothing of the request. */
export function checkAction(request: Given): CheckedAction {
  if (!('tool' in request)) return checkRequest(request.method, request.url, request.headers);
  if (!isToolName(request.tool)) return no('the name of the tool is empty, too long or holds a control character');
  const checked = checkRequest(request.method, request.url ?? ANY_URL, NO_HEADERS);
  if (!checked.ok) return checked;
  if (checked.scheme !== 'tool') return no('the URL of a tool call has another scheme than `tool`');
  return { ok: true, url: request.url === null ? null : checked.url };
}

function isToolName(name: string): boolean {
  if (name === '' || name.length > TOOL_NAME_MAX_BYTES) return false;
  return !/[\p{Cc}\p{Surrogate}]/u.test(name) && encoder.encode(name).length <= TOOL_NAME_MAX_BYTES;
}

function no(reason: string): CheckedAction {
  return { ok: false, reason };
}
