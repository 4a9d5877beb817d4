/**
 * A policy file laid out anew, or why that is refused.
 *
 *   in   : the bytes of a policy
 *   out  : text that means the same, keeps every comment, and would be laid out to itself
 *   never: a result that was not read back and compared
 */
import { Lexer } from 'yaml';
import { utf8 } from '../../bytes.js';
import { readJson } from '../../json/reader.js';
import type { CheckedPolicy } from '../checked.js';
import type { PolicyIssue } from '../issues.js';
import { type PolicyFormat, readPolicy } from '../read.js';
import { formatJson } from './json.js';
import { layOut } from './yaml.js';

export type Formatted =
  | { readonly ok: true; readonly text: string }
  /** The policy does not load. */
  | { readonly ok: false; readonly why: 'issues'; readonly issues: readonly PolicyIssue[] }
  /** It loads, and what came out would not be the same. */
  | { readonly ok: false; readonly why: 'changed'; readonly message: string };

/** A layout settles in two rounds; one that does not is a defect here. */
const ROUNDS = 4;

export function formatPolicy(bytes: Uint8Array, format: PolicyFormat): Formatted {
  const before = readPolicy(bytes, format);
  if (!before.ok) return { ok: false, why: 'issues', issues: before.issues };
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  const formatted = format === 'json' ? json(text) : settled(text);
  if (formatted === null) return changed('its layout does not come to rest');
  const after = readPolicy(utf8(formatted), format);
  if (!after.ok) return changed(`it would not load: ${after.issues[0]?.message ?? ''}`);
  if (meaning(before.policy) !== meaning(after.policy)) return changed('it would mean something else');
  if (format === 'yaml' && comments(text) !== comments(formatted)) return changed('a comment would be lost');
  return { ok: true, text: formatted };
}

function changed(message: string): Formatted {
  return { ok: false, why: 'changed', message };
}

function json(text: string): string | null {
  const read = readJson(text);
  return read.ok ? formatJson(read.root) : null;
}

function settled(text: string): string | null {
  let last = text;
  for (let round = 0; round < ROUNDS; round++) {
    const next = layOut(last);
    if (next === last) return next;
    last = next;
  }
  return null;
}

/** Everything but places, and automata. */
function meaning(policy: CheckedPolicy): string {
  return JSON.stringify(policy, (key, value: unknown) => (PLACES.has(key) ? undefined : value));
}

/** An automaton is what its pattern says. */
const PLACES: ReadonlySet<string> = new Set(['at', 'defaultAt', 'automaton']);

/** All comments, sorted, since they move with their keys. */
function comments(text: string): string {
  const found: string[] = [];
  for (const token of new Lexer().lex(text)) if (token.startsWith('#')) found.push(token.trimEnd());
  return found.sort().join('\n');
}
