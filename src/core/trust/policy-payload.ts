/**
 * What the signers of a policy say about it.
 *
 *   {"allow_weakening": false, "expires": "2027-06-01T00:00:00Z", "file": "policy.yaml", "issued": "2026-11-21T09:00:00Z",
 *    "sha256": <64 hex of the file's bytes>, "version": 7}
 *
 *   in   : the payload of an envelope whose signatures hold; what is known of the file
 *   out  : the statement, and why it does not fit this file at this time
 *   never: reads a clock; passes over a member it does not know
 *
 * `expires` and `allow_weakening` may be absent: never, and no.
 */
import { type Sha256Hex, sha256Hex } from '../brand.js';
import { fromUtf8 } from '../bytes.js';
import { readJson } from '../json/reader.js';
import type { TreeNode } from '../json/tree.js';
import { rfc3339Ms } from '../time/rfc3339.js';

export const POLICY_PAYLOAD_TYPE = 'application/vnd.checkrd.policy+json';

export interface PolicyStatement {
  readonly sha256: Sha256Hex;
  /** Base name of the file that it is about. */
  readonly file: string;
  /** 0 to 2^53 − 1. */
  readonly version: number;
  /** RFC 3339. */
  readonly issued: string;
  /** RFC 3339; null: never. */
  readonly expires: string | null;
  readonly allowWeakening: boolean;
}

/** Clocks of two machines differ; a statement from further ahead is refused. */
export const ISSUED_AHEAD_MAX_MS = 300_000;

const MEMBERS = ['allow_weakening', 'expires', 'file', 'issued', 'sha256', 'version'];
const WHOLE = /^(?:0|[1-9][0-9]{0,15})$/;

export type StatementReading =
  | { readonly ok: true; readonly statement: PolicyStatement }
  | { readonly ok: false; readonly detail: string };

/** Reads a payload, strictly. Never throws. */
export function readPolicyStatement(payload: Uint8Array): StatementReading {
  const text = fromUtf8(payload);
  const read = text === null ? null : readJson(text);
  if (!read?.ok || read.root.kind !== 'map') return wrong('the payload is not one JSON object');
  const members = new Map(read.root.entries.map(({ key, value }) => [key, value]));
  const stranger = [...members.keys()].some(key => !MEMBERS.includes(key));
  if (stranger) return wrong(`the payload holds a member that is none of ${MEMBERS.join(', ')}`);
  const sha256 = sha256Hex(textOf(members.get('sha256')) ?? '');
  if (sha256 === null) return wrong('`sha256` is not 64 lower-case hexadecimal characters');
  const file = textOf(members.get('file'));
  if (file === null || !isBaseName(file)) return wrong('`file` is not a base name');
  const version = wholeOf(members.get('version'));
  if (version === null) return wrong('`version` is not a whole number');
  const issued = textOf(members.get('issued'));
  if (issued === null || rfc3339Ms(issued) === null) return wrong('`issued` is not an RFC 3339 time');
  const expires = members.has('expires') ? textOf(members.get('expires')) : null;
  if (members.has('expires') && (expires === null || rfc3339Ms(expires) === null)) {
    return wrong('`expires` is not an RFC 3339 time');
  }
  const weakening = members.get('allow_weakening');
  if (weakening !== undefined && weakening.kind !== 'boolean') return wrong('`allow_weakening` is not true or false');
  const allowWeakening = weakening?.kind === 'boolean' && weakening.value;
  return { ok: true, statement: { sha256, file, version, issued, expires, allowWeakening } };
}

/** The payload as it is signed; the same statement gives the same text. */
export function statementText(statement: PolicyStatement): string {
  const { sha256, file, version, issued, expires, allowWeakening } = statement;
  const text = { allow_weakening: allowWeakening, ...(expires !== null && { expires }), file, issued, sha256, version };
  return JSON.stringify(text);
}

/** True for what names a file in a folder and nothing else. */
export function isBaseName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && name.length <= 255 && !/[/\p{Cc}]/u.test(name);
}

export type StatementMisfit = 'other_file' | 'other_policy' | 'issued_ahead' | 'expired';

/** Why `statement` does not speak for these bytes under this name now; null: it does. */
export function misfit(
  statement: PolicyStatement,
  file: { readonly name: string; readonly sha256: Sha256Hex },
  nowMs: number,
): StatementMisfit | null {
  if (statement.file !== file.name) return 'other_file';
  if (statement.sha256 !== file.sha256) return 'other_policy';
  // Negated, so that a time that cannot be read is never a time that fits.
  if (!((rfc3339Ms(statement.issued) ?? Number.NaN) <= nowMs + ISSUED_AHEAD_MAX_MS)) return 'issued_ahead';
  return isExpired(statement, nowMs) ? 'expired' : null;
}

export function isExpired({ expires }: PolicyStatement, nowMs: number): boolean {
  return expires !== null && !(nowMs < (rfc3339Ms(expires) ?? Number.NaN));
}

function wrong(detail: string): StatementReading {
  return { ok: false, detail };
}

function textOf(node: TreeNode | undefined): string | null {
  return node?.kind === 'string' ? node.value : null;
}

function wholeOf(node: TreeNode | undefined): number | null {
  if (node?.kind !== 'number' || !WHOLE.test(node.source)) return null;
  const value = Number(node.source);
  return Number.isSafeInteger(value) ? value : null;
}
