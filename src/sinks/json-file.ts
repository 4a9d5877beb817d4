/**
 * Events as JSON Lines at the end of a file of its own.
 *
 *   in   : a path; events
 *   out  : one line each, whole; after a rotation (the name is gone, or another file has it) in the new file within a second
 *   never: follows a link, writes to what is no regular file, writes into an audit log's chain (it is no such file)
 */
import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { utf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import type { TelemetryEvent } from '../core/telemetry/event.js';
import type { TelemetrySink } from '../core/telemetry/sink.js';
import { AppendFile } from '../disk/append.js';

const LOOK_EVERY_MS = 1000;

export class JsonFileSink implements TelemetrySink {
  readonly #path: string;
  #file: AppendFile | null;
  #lookedMs = performance.now();

  /** @throws Fault `sink_unwritable` when the file cannot be opened or made. */
  constructor(where: string | { readonly path: string }) {
    this.#path = resolve(typeof where === 'string' ? where : where.path);
    this.#file = open(this.#path);
  }

  /** @throws Fault `sink_unwritable`; the line is then not in the file. */
  enqueue(event: TelemetryEvent): void {
    const line = utf8(`${JSON.stringify(event)}\n`);
    this.#file = this.#current();
    const failure = this.#file.write(line, 0, line.length);
    if (failure === null) return;
    // The end is not known any more: the next event begins with what it finds.
    this.#letGo();
    throw new Fault('sink_unwritable', { path: this.#path, why: failure.errno });
  }

  async close(): Promise<void> {
    this.#letGo();
  }

  #current(): AppendFile {
    if (this.#file !== null && performance.now() - this.#lookedMs < LOOK_EVERY_MS) return this.#file;
    this.#lookedMs = performance.now();
    const named = statQuietly(this.#path);
    const { dev, ino } = this.#file?.id ?? {};
    if (this.#file !== null && named !== null && named.dev === dev && named.ino === ino) return this.#file;
    this.#letGo();
    return open(this.#path);
  }

  #letGo(): void {
    this.#file?.close();
    this.#file = null;
  }
}

function open(path: string): AppendFile {
  const made = AppendFile.create(path);
  const opened = made.ok || made.errno !== 'EEXIST' ? made : AppendFile.existing(path);
  if (!opened.ok) throw new Fault('sink_unwritable', { path, why: opened.errno });
  return opened.file;
}

function statQuietly(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
