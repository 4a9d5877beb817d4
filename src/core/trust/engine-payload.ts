/**
 * What the signers of an engine file say about it.
 *
 *   {"abi": 3, "issued": "2026-11-21T09:00:00Z", "sha256": <64 hex of the file's bytes>}
 *
 *   in   : the payload of an envelope whose signatures hold; what is known of the file
 *   out  : the statement, and why it does not fit this file at this time
 *   never: reads a clock; passes over a member it does not know
 */
import { type Sha256Hex, sha256Hex } from '../brand.js';
import { fromUtf8 } from '../bytes.js';
import { readJson } from '../json/reader.js';
import { rfc3339Ms } from '../time/rfc3339.js';
import { ISSUED_AHEAD_MAX_MS } from './policy-payload.js';

export const ENGINE_PAYLOAD_TYPE = 'application/vnd.checkrd.engine+json';

export interface EngineStatement {
  readonly sha256: Sha256Hex;
  /** What the engine's `abi()` answers. */
  readonly abi: number;
  /** RFC 3339. */
  readonly issued: string;
}

export type EngineStatementReading =
  | { readonly ok: true; readonly statement: EngineStatement }
  | { readonly ok: false; readonly detail: string };

const MEMBERS = ['abi', 'issued', 'sha256'];
const WHOLE = /^(?:0|[1-9][0-9]{0,9})$/;

/** Reads a payload, strictly. Never throws. */
export function readEngineStatement(payload: Uint8Array): EngineStatementReading {
  const text = fromUtf8(payload);
  const read = text === null ? null : readJson(text);
  if (!read?.ok || read.root.kind !== 'map') return wrong('the payload is not one JSON object');
  const { entries } = read.root;
  if (entries.length !== MEMBERS.length || !MEMBERS.every(name => entries.some(({ key }) => key === name))) {
    return wrong(`the payload must hold ${MEMBERS.join(', ')}, and nothing else`);
  }
  const [abi, issued, hash] = MEMBERS.map(name => entries.find(({ key }) => key === name)?.value);
  if (abi?.kind !== 'number' || !WHOLE.test(abi.source)) return wrong('`abi` is not a whole number');
  if (issued?.kind !== 'string' || rfc3339Ms(issued.value) === null) return wrong('`issued` is not an RFC 3339 time');
  const sha256 = hash?.kind === 'string' ? sha256Hex(hash.value) : null;
  if (sha256 === null) return wrong('`sha256` is not 64 lower-case hexadecimal characters');
  return { ok: true, statement: { sha256, abi: Number(abi.source), issued: issued.value } };
}

/** The payload as it is signed; the same statement gives the same text. */
export function engineStatementText({ abi, issued, sha256 }: EngineStatement): string {
  return JSON.stringify({ abi, issued, sha256 });
}

/** Why `statement` does not speak for these bytes now, as a clause for a person; null: it does. */
export function engineMisfit(
  statement: EngineStatement,
  file: { readonly sha256: string; readonly abi: number },
  nowMs: number,
): string | null {
  if (statement.sha256 !== file.sha256) return 'what was signed are other bytes than these';
  if (statement.abi !== file.abi)
    return `what was signed is an engine of ABI ${statement.abi}, and this version takes ${file.abi}`;
  // Negated, so that a time that cannot be read is never a time that fits.
  if (!((rfc3339Ms(statement.issued) ?? Number.NaN) <= nowMs + ISSUED_AHEAD_MAX_MS)) {
    return 'it says it was issued more than five minutes from now';
  }
  return null;
}

function wrong(detail: string): EngineStatementReading {
  return { ok: false, detail };
}
