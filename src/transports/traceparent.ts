/**
 * Reads a W3C `traceparent`; undefined for anything but one well-formed value.
 * @see W3C Trace Context, "traceparent header field values".
 */
export function readTraceparent(value: string | null): string | undefined {
  if (value === null || !FORM.test(value)) return undefined;
  const known = !value.startsWith('ff') && value.slice(3, 35) !== NO_TRACE && value.slice(36, 52) !== NO_SPAN;
  return known ? value : undefined;
}

const FORM = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
