/** What a guarded call cannot do without, each part alone, on files beside the real ones. */
import { hash } from 'node:crypto';
import { closeSync, fstatSync, lstatSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface Parts {
  readonly url: () => unknown;
  readonly look: () => unknown;
  readonly hash: (line: Buffer) => unknown;
  readonly fstat: () => unknown;
  readonly write: (line: Buffer) => unknown;
  close(): void;
}

const QUIET = { throwIfNoEntry: false } as const;

export function openParts(folder: string, url: string): Parts {
  const fd = openSync(join(folder, 'raw.jsonl'), 'a');
  const agents = join(folder, 'killswitch.d');
  const [all, one] = [join(folder, 'killswitch'), join(agents, 'bench')];
  return {
    url: () => new URL(url),
    look: () => [lstatSync(all, QUIET), lstatSync(one, QUIET), statSync(folder, QUIET), statSync(agents, QUIET)],
    hash: line => hash('sha256', line, 'hex'),
    fstat: () => fstatSync(fd),
    write: line => writeSync(fd, line, 0, line.length),
    close: () => closeSync(fd),
  };
}
