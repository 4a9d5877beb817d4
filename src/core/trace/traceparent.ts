/**
 * W3C Trace Context, header `traceparent` (https://www.w3.org/TR/trace-context/, section 3.2).
 *
 *   in   : the header's value as received
 *   out  : trace ID and parent span ID, or null
 *   never: accepts what the standard calls invalid; a bad header is as good as none
 */

export interface TraceParent {
  /** 32 lower-case hexadecimal characters, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal characters, not all zero. */
  readonly spanId: string;
}

const VERSION_00 = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

export function parseTraceparent(value: string): TraceParent | null {
  const found = VERSION_00.exec(value);
  if (found === null) return null;
  const [, version, traceId, spanId, rest] = found as unknown as [string, string, string, string, string | undefined];
  // Version 00 ends after the flags; later versions may append; ff is forbidden.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId };
}
