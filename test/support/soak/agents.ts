/**
 * Agents that ask the daemon at a steady pace, each over its socket, and say how their calls ended.
 *
 *   in   : a rate, a seed, what is in force
 *   out  : each answer, judged by what was in force while it was under way, and one line of it in a file
 *   never: waits for the daemon: what would be more than a second late is left out, and counted
 */

import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './connection.js';
import { type Force, type Moment, mayBeKilled, mustBeKilled } from './force.js';
import { answersOf, type Kind, kindOf, LIMIT_A_MINUTE, lineOf } from './policies.js';
import type { Times } from './times.js';

const CONNECTIONS = 16;
const TICK_MS = 4;
/** Of a thousand calls, so many that nobody says the end of. */
const SILENT = 20;
const MINUTE_MS = 60_000;
/** The first of each kind are kept in words. */
const WRONGS_KEPT = 20;

export interface Tally {
  answers: number;
  allowed: number;
  outcomes: number;
  /** Outcomes that came after the switch had ended the call. */
  late: number;
  silent: number;
  leftOut: number;
  wrong: number;
  readonly wrongs: string[];
  readonly codes: Record<string, number>;
}

export class Agents {
  readonly tally: Tally = {
    ...{ answers: 0, allowed: 0, outcomes: 0, late: 0, silent: 0, leftOut: 0, wrong: 0 },
    wrongs: [],
    codes: {},
  };
  readonly #answers: WriteStream;
  #going = true;

  /** @param socketOf path of an agent's socket */
  constructor(
    private readonly names: readonly string[],
    private readonly socketOf: (agent: string) => string,
    private readonly force: Force,
    private readonly random: () => number,
    private readonly times: Times,
    answersPath: string,
  ) {
    this.#answers = createWriteStream(answersPath);
  }

  /** Until `stop`; resolves when the last answer is there and in the file. */
  async run(perSecond: number): Promise<void> {
    await Promise.all(this.names.map(name => this.#agent(name, perSecond / this.names.length)));
    this.#answers.end();
    await once(this.#answers, 'close');
  }

  stop(): void {
    this.#going = false;
  }

  async #agent(name: string, perSecond: number): Promise<void> {
    const free = Array.from({ length: CONNECTIONS }, () => new Connection(this.socketOf(name)));
    const admitted: number[] = [];
    const startMs = performance.now();
    let made = 0;
    while (this.#going) {
      const due = Math.floor(((performance.now() - startMs) * perSecond) / 1000);
      const late = due - made - perSecond;
      if (late > 0) {
        made += Math.ceil(late);
        this.tally.leftOut += Math.ceil(late);
      }
      while (made < due) {
        // The one that rested longest, so that none rests until the daemon closes it.
        const connection = free.shift();
        if (connection === undefined) break;
        const n = made++;
        this.#call(connection, name, n, admitted)
          .catch(error => this.#wrong(`${name} ${n}: ${error}`))
          .finally(() => free.push(connection));
      }
      await sleep(TICK_MS);
    }
    while (free.length < CONNECTIONS) await sleep(TICK_MS);
    for (const connection of free) connection.end();
  }

  async #call(connection: Connection, agent: string, n: number, admitted: number[]): Promise<void> {
    const kind = kindOf(this.random());
    const isSilent = this.random() * 1000 < SILENT;
    const from = this.force.now(agent);
    const startMs = performance.now();
    const told = await connection.post('/v1/decide', lineOf(kind, agent, n));
    const to = this.force.now(agent);
    if (told.status !== 200) throw new Error(`${told.status} ${told.body}`);
    const { request_id, result, code, matched_rule } = JSON.parse(told.body) as Record<string, string | null>;
    this.tally.answers += 1;
    this.tally.codes[`${code}`] = (this.tally.codes[`${code}`] ?? 0) + 1;
    this.#answers.write(`${request_id} ${agent} ${result} ${code} ${matched_rule}\n`);
    // A denial may be slowed on purpose.
    if (result === 'allow') this.times.add('decide', performance.now() - startMs);
    const why = unexplained(kind, `${code} ${matched_rule}`, from, to);
    if (why !== null) this.#wrong(`${agent} ${n} ${kind}: ${told.body}; ${why}; ${JSON.stringify([from, to])}`);
    if (result !== 'allow') return;
    this.tally.allowed += 1;
    if (kind === 'scarce') this.#limited(agent, admitted, startMs);
    if (isSilent) this.tally.silent += 1;
    else await this.#outcome(connection, `${request_id}`, agent, from);
  }

  async #outcome(connection: Connection, requestId: string, agent: string, from: Moment): Promise<void> {
    const result = this.random() < 0.9 ? 'ok' : 'error';
    const ended = await connection.post(
      '/v1/outcome',
      JSON.stringify({ request_id: requestId, result, status_code: result === 'ok' ? 200 : 500, latency_ms: 3 }),
    );
    if (ended.status === 200) this.tally.outcomes += 1;
    else if (ended.status === 404 && mayBeKilled(from, this.force.now(agent))) this.tally.late += 1;
    else throw new Error(`outcome: ${ended.status} ${ended.body}`);
  }

  /** In any minute at most so many are admitted: the first was asked for before, the last is answered after. */
  #limited(agent: string, admitted: number[], askedMs: number): void {
    const nowMs = performance.now();
    admitted.push(askedMs);
    if (admitted.length <= LIMIT_A_MINUTE) return;
    const withinMs = nowMs - Math.min(...admitted);
    if (withinMs < MINUTE_MS) this.#wrong(`${agent}: ${admitted.length} calls were admitted within ${withinMs} ms`);
    admitted.shift();
  }

  #wrong(what: string): void {
    this.tally.wrong += 1;
    if (this.tally.wrongs.length < WRONGS_KEPT) this.tally.wrongs.push(what);
  }
}

/** Why nothing that was in force gives this answer; null: something does. */
function unexplained(kind: Kind, answer: string, from: Moment, to: Moment): string | null {
  if (answer.startsWith('kill_switch ')) return mayBeKilled(from, to) ? null : 'the switch was not engaged';
  if (mustBeKilled(from, to)) return 'the switch was engaged all along';
  for (let n = from.live; n <= to.written; n++) if (answersOf(kind, n).includes(answer)) return null;
  return `no policy from ${from.live} to ${to.written} says so`;
}
