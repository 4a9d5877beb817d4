/**
 * One kept HTTP/1.1 connection over a Unix socket, one request at a time, at a fraction of the cost of `node:http`: who
 * makes a load must leave the machine to who is measured.
 *
 *   in   : a path and a JSON text
 *   out  : status and body; rejects when the connection ends or the answer has no length
 *   never: tries again
 */
import { connect, type Socket } from 'node:net';

export interface Told {
  readonly status: number;
  readonly body: string;
}

interface Waiting {
  resolve(told: Told): void;
  reject(error: Error): void;
}

export class Connection {
  readonly #socket: Socket;
  #waiting: Waiting | null = null;
  #text = '';

  constructor(path: string) {
    // Every answer is ASCII here, so that its length in bytes is that of the text.
    this.#socket = connect(path).setEncoding('latin1');
    this.#socket.on('data', (part: string) => this.#take(part));
    this.#socket.on('error', error => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  post(path: string, body: string): Promise<Told> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      const length = Buffer.byteLength(body);
      this.#socket.write(`POST ${path} HTTP/1.1\r\nHost: checkrd\r\nContent-Length: ${length}\r\n\r\n${body}`);
    });
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(part: string): void {
    this.#text += part;
    const head = this.#text.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#text.slice(0, head))?.[1];
    if (length === undefined) {
      this.#fail(new Error(`no length: ${this.#text.slice(0, head)}`));
      return;
    }
    const end = head + 4 + Number(length);
    if (this.#text.length < end) return;
    const told = { status: Number(this.#text.slice(9, 12)), body: this.#text.slice(head + 4, end) };
    this.#text = this.#text.slice(end);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(told);
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(error);
  }
}
