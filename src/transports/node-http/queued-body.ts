/**
 * The body of a request that has no socket yet, read from what Node has queued for it.
 *
 *   in   : the queue of a request that is held back
 *   out  : the bytes of the body; the queue then holds copies, so that what was judged is what is sent
 */
import type { Body } from '../../core/decide/types.js';
import type { NodeRequest, Queued } from './node-request.js';

/** Framing of a chunked body that is not yet complete may take this much. */
const FRAMING_BYTES = 65_536;

/** Bytes of body in the queue, framing included. `head`: what `headBytes` said before anything was copied. */
export function queuedBytes(request: NodeRequest, head: number): number {
  let bytes = 0;
  for (const { data, encoding } of request.outputData) {
    bytes += typeof data === 'string' ? Buffer.byteLength(data, encoding ?? 'utf8') : data.byteLength;
  }
  return bytes - head;
}

/** More is queued than will be looked at. */
export function isOver(request: NodeRequest, head: number, limit: number): boolean {
  return (
    request.outputSize > limit && queuedBytes(request, head) > limit + (request.chunkedEncoding ? FRAMING_BYTES : 0)
  );
}

/**
 * Copies what was queued since `from` and tells the writers that it is taken: who waits for that before the next chunk must go
 * on, and may use its buffer again. Not once the end is queued, whose callback means more. Returns the next `from`.
 */
export function takeOver(request: NodeRequest, from: number): number {
  const fresh = request.outputData.slice(from);
  fresh.forEach(copy);
  for (const entry of fresh) {
    const taken = entry.callback;
    entry.callback = null;
    if (typeof taken === 'function') taken();
  }
  return from + fresh.length;
}

/** Text cannot change, and stays text: agents of other packages edit the head in the queue. */
function copy(entry: Queued): void {
  if (typeof entry.data !== 'string') entry.data = Buffer.from(entry.data);
}

/** The whole body, or that it is too large. Null: no body that could be read. */
export function takeQueued(request: NodeRequest, head: number, limit: number): Body | null {
  request.outputData.forEach(copy);
  const raw = Buffer.concat(request.outputData.map(asBytes)).subarray(head);
  const bytes = request.chunkedEncoding ? unchunk(raw) : raw;
  if (bytes === null) return null;
  if (bytes.byteLength > limit) return { kind: 'too_large' };
  return bytes.byteLength === 0 ? { kind: 'none' } : { kind: 'bytes', bytes };
}

function asBytes({ data, encoding }: Queued): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data, encoding ?? 'utf8') : data;
}

/** The head goes out with the first piece of the body where both are text, in the encoding of that piece. */
export function headBytes(request: NodeRequest): number {
  const [first] = request.outputData;
  if (first === undefined || request._header === null || !request._headerSent) return 0;
  return typeof first.data === 'string'
    ? Buffer.byteLength(request._header, first.encoding ?? 'utf8')
    : Buffer.byteLength(request._header, 'latin1');
}

/** @see RFC 9112, "Chunked Transfer Coding". */
function unchunk(raw: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = raw.indexOf('\r\n', at, 'latin1');
    const size = end === -1 ? '' : raw.toString('latin1', at, end);
    if (!/^[0-9a-f]{1,8}$/i.test(size)) return null;
    const length = Number.parseInt(size, 16);
    if (length === 0) return Buffer.concat(parts);
    const from = end + 2;
    if (raw.toString('latin1', from + length, from + length + 2) !== '\r\n') return null;
    parts.push(raw.subarray(from, from + length));
    at = from + length + 2;
  }
}
