/**
 * `checkrd decide --batch`: JSON Lines in, one answer a line, in order.
 *
 *   in   : bytes of standard input, in chunks of any size
 *   out  : the answers to all whole lines of a chunk, joined, before the next chunk is read
 *   never: keeps more than one chunk and one unfinished line
 */
import { resolve } from 'node:path';
import type { Decider, LayeredLoader, LoadError, Loaded } from '../agent/decider.js';
import { decisionText } from '../core/decide/answer-text.js';
import { type BatchError, type RequestLine, readBatchLine } from '../core/decide/batch-line.js';
import { MIB } from '../core/limits.js';

/** Room for a policy of the largest size and for a body over every inspection limit. */
export const BATCH_LINE_MAX_BYTES = 80 * MIB;

const LF = 0x0a;
const TOO_LONG = failure([{ code: 'line_too_long', message: `a line is over ${BATCH_LINE_MAX_BYTES} bytes` }]);
const NOT_UTF8 = failure([{ code: 'not_utf8', message: 'this line is not UTF-8' }]);
const NO_POLICY = failure([{ code: 'no_policy', message: 'no policy is loaded; begin with `load` or `load_file`' }]);
const LOADED = '{"ok":true}';

/** One run: the policy in force, its counters and its clock. */
export class BatchSession {
  private decider: Decider | null = null;
  /** The clock of this policy; it never runs backwards. */
  private lastMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly loader: LayeredLoader,
    private readonly cwd: string,
    private readonly nowMs: () => number,
  ) {}

  /** The answer to one line, without its newline. Never throws. */
  answer(line: string): string {
    const read = readBatchLine(line);
    switch (read.is) {
      case 'request':
        return this.decide(read);
      case 'load':
        return this.begin(() => this.loader.loadObject(read.policyText));
      case 'load_file':
        return this.begin(() => this.loadFile(resolve(this.cwd, read.path), read.layers));
      case 'bad':
        return failure([read.error]);
    }
  }

  private loadFile(path: string, layers: boolean): Loaded {
    return layers ? this.loader.loadLayered(path) : this.loader.loadFile(path);
  }

  private decide(line: RequestLine): string {
    if (this.decider === null) return NO_POLICY;
    const at = Math.max(this.lastMs, line.atMs ?? this.nowMs());
    this.lastMs = at;
    return decisionText(this.decider.decide(line.request, line.agent ?? 'default', at, line.killed));
  }

  /** A load that fails leaves no policy: answers by an older one would be taken for the new one's. */
  private begin(load: () => Loaded): string {
    this.decider = null;
    this.lastMs = Number.NEGATIVE_INFINITY;
    const loaded = load();
    if (!loaded.ok) return failure(loaded.errors);
    this.decider = loaded.decider;
    return LOADED;
  }
}

function failure(errors: readonly (BatchError | LoadError)[]): string {
  const shown = errors.map(e => {
    const place = 'line' in e && e.line !== null ? { line: e.line, column: e.column } : {};
    const hint = 'suggestion' in e && e.suggestion !== null ? `; ${e.suggestion}` : '';
    const file = 'path' in e && e.path !== undefined ? `${e.path}: ` : '';
    return { code: e.code, message: file + e.message + hint, ...place };
  });
  return JSON.stringify({ ok: false, errors: shown });
}

/** Answers every line of `input`; `write` resolves when it has room again. */
export async function runBatch(
  session: BatchSession,
  input: AsyncIterable<Uint8Array>,
  write: (text: string) => Promise<void>,
): Promise<void> {
  let kept: Uint8Array[] = [];
  let keptBytes = 0;
  let skipping = false;
  for await (const chunk of input) {
    const end = chunk.lastIndexOf(LF);
    if (end === -1) {
      if (skipping) continue;
      kept.push(chunk);
      keptBytes += chunk.length;
      if (keptBytes <= BATCH_LINE_MAX_BYTES) continue;
      kept = [];
      keptBytes = 0;
      skipping = true;
      continue;
    }
    let lines = chunk.subarray(0, end);
    let out = '';
    if (skipping) {
      out = `${TOO_LONG}\n`;
      const first = chunk.indexOf(LF);
      lines = first === end ? lines.subarray(0, 0) : chunk.subarray(first + 1, end);
      skipping = false;
      if (first !== end) out += answers(session, lines);
    } else {
      if (kept.length > 0) lines = Buffer.concat([...kept, lines]);
      out = answers(session, lines);
    }
    const rest = chunk.subarray(end + 1);
    kept = rest.length > 0 ? [rest] : [];
    keptBytes = rest.length;
    await write(out);
  }
  if (skipping) await write(`${TOO_LONG}\n`);
  else if (keptBytes > 0) await write(answers(session, Buffer.concat(kept)));
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Answers to the lines in `bytes` (without the last newline), each with its newline. */
function answers(session: BatchSession, bytes: Uint8Array): string {
  let text: string;
  try {
    text = STRICT.decode(bytes);
  } catch {
    return oneByOne(session, bytes);
  }
  let out = '';
  let from = 0;
  for (;;) {
    const to = text.indexOf('\n', from);
    out += session.answer(to === -1 ? text.slice(from) : text.slice(from, to));
    out += '\n';
    if (to === -1) return out;
    from = to + 1;
  }
}

/** Somewhere is a line that is not UTF-8: only that one must fail. */
function oneByOne(session: BatchSession, bytes: Uint8Array): string {
  let out = '';
  let from = 0;
  for (;;) {
    const to = bytes.indexOf(LF, from);
    const line = bytes.subarray(from, to === -1 ? bytes.length : to);
    let text: string | null = null;
    try {
      text = STRICT.decode(line);
    } catch {
      text = null;
    }
    out += `${text === null ? NOT_UTF8 : session.answer(text)}\n`;
    if (to === -1) return out;
    from = to + 1;
  }
}
