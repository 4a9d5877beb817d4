/**
 * Says what an operator may wait for: a line of the operational log with its `event`, and under journald an entry with fields.
 *
 *   in   : records of this daemon, and the words of its own life
 *   out  : the line, always; the entry, if `logger` can be run
 *   never: holds up or fails what it tells of, is the only place where something is said
 *
 * Node has no datagram sockets of the Unix kind, which the journal's own protocol needs, and lines on stderr carry no fields but
 * their priority. `logger --journald` (util-linux) does it, a process an entry: for what is rare, and beside the line.
 */
import { spawn } from 'node:child_process';
import type { RecordObserver } from '../agent/counters.js';
import { type EventSaid, eventOf, journalEntry, LOG_FAILING } from '../core/events.js';
import type { Logger } from './logger.js';

/** A switch that is turned on and off in a loop must not fill the machine with processes. */
const ENTRIES_AT_ONCE = 8;

export class Events implements RecordObserver {
  readonly #logger: Logger;
  readonly #isJournal: boolean;
  #under = 0;
  #isFailing = false;

  constructor(logger: Logger, isJournal: boolean) {
    this.#logger = logger;
    this.#isJournal = isJournal;
  }

  written(record: Parameters<RecordObserver['written']>[0]): void {
    if (record.type === 'decision' || record.type === 'outcome') return;
    const said = eventOf(record);
    if (said === null) return;
    if (said.event === 'log_recovered') this.#isFailing = false;
    this.say(said);
  }

  lost(): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.say(LOG_FAILING);
  }

  say(said: EventSaid): void {
    this.#logger[said.level]({ event: said.event, ...said.facts }, said.message);
    if (this.#isJournal && this.#under < ENTRIES_AT_ONCE) this.#enter(journalEntry(said));
  }

  #enter(text: string): void {
    try {
      const child = spawn('logger', ['--journald'], { stdio: ['pipe', 'ignore', 'ignore'] });
      this.#under++;
      let isOver = false;
      const over = () => {
        if (!isOver) this.#under--;
        isOver = true;
      };
      child.once('error', over);
      child.once('exit', over);
      child.stdin.on('error', () => {});
      child.stdin.end(text);
      child.unref();
    } catch {
      // The line has said it.
    }
  }
}
