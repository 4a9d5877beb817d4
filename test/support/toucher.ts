import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const PROGRAM = `
const fs = require('node:fs');
require('node:readline').createInterface({ input: process.stdin }).on('line', line => {
  const { act, path, afterMs } = JSON.parse(line);
  const go = () => {
    if (act === 'touch') fs.closeSync(fs.openSync(path, 'a'));
    else fs.rmSync(path, { force: true });
    console.log(process.hrtime.bigint().toString());
  };
  if (afterMs) setTimeout(go, afterMs); else go();
});`;

/** Another process that touches and removes files when told, and says when its system call had returned. */
export class Toucher {
  readonly #child: ChildProcess;
  readonly #waiting: ((atNs: bigint) => void)[] = [];

  constructor() {
    this.#child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', line => {
      this.#waiting.shift()?.(BigInt(line));
    });
  }
  #tell(order: object): Promise<bigint> {
    const done = new Promise<bigint>(resolve => this.#waiting.push(resolve));
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    return done;
  }
  /** Resolves with the monotonic time (ns, comparable between processes) right after the call. */
  touch(path: string, afterMs = 0): Promise<bigint> {
    return this.#tell({ act: 'touch', path, afterMs });
  }
  remove(path: string): Promise<bigint> {
    return this.#tell({ act: 'rm', path });
  }
  close(): void {
    this.#child.kill('SIGKILL');
  }
}
