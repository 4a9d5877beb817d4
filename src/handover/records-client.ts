/**
 * The way to a daemon's socket: one report at a time, over one connection that stays open.
 *
 *   in   : the path of an agent's socket, the text of a report
 *   out  : what the daemon said, or why nothing was heard; never an exception
 *   never: knows what a record means, sends again what may have arrived but over a connection that had gone stale
 *
 * Its functions are taken from Node when the module loads: whatever patches `http` or `fetch` later does not see this traffic.
 */
import { Agent, type ClientRequest, request } from 'node:http';

export type Answer =
  /** Every record before `next` is written, in the log of this origin. */
  | { readonly is: 'taken'; readonly next: number; readonly log: string }
  /** `next` is what the daemon still wants; null: it did not say. */
  | { readonly is: 'refused'; readonly next: number | null; readonly why: string }
  | { readonly is: 'silent'; readonly why: string };

const ANSWER_MAX_CHARS = 64 * 1024;
const send = request;
/** On the options of this client's sockets: how an edge that decides about sockets knows them for checkrd's own. */
export const OWN_SOCKET = Symbol('checkrd.records');

export class RecordsClient {
  readonly #agent = new Agent(Object.assign({ keepAlive: true, maxSockets: 1 }, { [OWN_SOCKET]: true }));
  #asked: ClientRequest | null = null;

  constructor(
    private readonly socketPath: string,
    private readonly answerMs: number,
  ) {}

  /** @param holds True: the process stays until the answer is there, at most `answerMs`. */
  async post(report: string, holds: boolean): Promise<Answer> {
    const first = await this.#once(report, holds);
    // The daemon closes a connection that was idle for long: that is no loss, and what was sent twice it knows.
    return first === 'stale' ? this.#once(report, holds).then(again => (again === 'stale' ? CUT : again)) : first;
  }

  /** Ends what is under way; nothing keeps the process. */
  close(): void {
    this.#asked?.destroy();
    this.#agent.destroy();
  }

  #once(report: string, holds: boolean): Promise<Answer | 'stale'> {
    return new Promise(resolve => {
      const asked = send({
        agent: this.#agent,
        socketPath: this.socketPath,
        method: 'POST',
        path: '/v1/records',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(report) },
      });
      this.#asked = asked;
      const late = setTimeout(() => done({ is: 'silent', why: `no answer for ${this.answerMs} ms` }), this.answerMs);
      if (!holds) late.unref();
      let ended = false;
      const done = (answer: Answer | 'stale'): void => {
        if (ended) return;
        ended = true;
        clearTimeout(late);
        this.#asked = null;
        if (answer === 'stale' || answer.is === 'silent') asked.destroy();
        resolve(answer);
      };
      const cut = (error: unknown): void => {
        const why = systemName(error);
        const stale = asked.reusedSocket && (why === 'ECONNRESET' || why === 'EPIPE');
        done(stale ? 'stale' : { is: 'silent', why });
      };
      asked.on('socket', socket => (holds ? socket.ref() : socket.unref()));
      asked.on('error', cut);
      asked.on('response', response => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
          if (text.length > ANSWER_MAX_CHARS) done({ is: 'silent', why: 'its answer is too long' });
        });
        response.on('error', error => done({ is: 'silent', why: systemName(error) }));
        response.on('close', () => done(CUT));
        response.on('end', () => done(response.complete ? read(response.statusCode ?? 0, text) : CUT));
      });
      asked.end(report);
    });
  }
}

const CUT: Answer = { is: 'silent', why: 'the answer was cut off' };

function read(status: number, text: string): Answer {
  let given: { readonly next?: unknown; readonly log?: unknown; readonly errors?: unknown } = {};
  try {
    given = (JSON.parse(text) ?? {}) as typeof given;
  } catch {
    // A status without an answer of ours is a refusal like any other.
  }
  const next = Number.isSafeInteger(given.next) ? (given.next as number) : null;
  if (status === 200 && next !== null && typeof given.log === 'string') return { is: 'taken', next, log: given.log };
  const [error] = Array.isArray(given.errors) ? (given.errors as { readonly code?: unknown }[]) : [];
  const code = typeof error?.code === 'string' && /^[a-z_]{1,40}$/.test(error.code) ? ` ${error.code}` : '';
  return { is: 'refused', next: status === 503 ? next : null, why: `it answers ${status}${code}` };
}

function systemName(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unknown';
}
