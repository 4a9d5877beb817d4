/**
 * The one request of a command line: the word given, or standard input, with `--agent`, `--at` and `--killed`.
 */
import { type RequestLine, readBatchLine } from '../core/decide/batch-line.js';
import { MIB } from '../core/limits.js';
import { type Args, Misuse } from './args.js';
import type { CliIo } from './io.js';

const REQUEST_MAX_BYTES = 80 * MIB;

/** @throws Misuse */
export async function readOneRequest(given: Args, io: CliIo): Promise<RequestLine> {
  const [word = '-'] = given.words;
  const request = (word === '-' ? await readAll(io) : word).trim();
  const line = readBatchLine(wrapped(request, given.text('agent'), given.text('at'), given.on('killed')));
  if (line.is === 'request') return line;
  throw new Misuse(line.is === 'bad' ? `the request is not right: ${line.error.message}` : 'the request is not right');
}

/** A batch line around the request as written, so that names given twice in it are seen. */
function wrapped(request: string, agent: string | null, at: string | null, killed: boolean): string {
  const more = JSON.stringify({ ...(agent === null ? {} : { agent }), ...(at === null ? {} : { at }), killed });
  return `{"request":${request},${more.slice(1)}`;
}

async function readAll(io: CliIo): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of io.stdin) {
    bytes += part.length;
    if (bytes > REQUEST_MAX_BYTES) throw new Misuse(`the request is over ${REQUEST_MAX_BYTES} bytes`);
    parts.push(part);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch {
    throw new Misuse('the request is not UTF-8');
  }
}
