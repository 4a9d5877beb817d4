/**
 * What may happen to a log, each on a real one, and what an auditor must then be told: the exit code of `verify` over all
 * files of the log, and the first finding (`code file:line`) if there is one.
 */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuditLog } from '#src/agent/audit-log.js';
import type { AuditLog } from '#src/agent/types.js';
import { appendMany, settingsAt } from './audit-log.js';

/** A log in a folder of its own, as an operator and an intruder see it. */
export class LabLog {
  readonly folder = mkdtempSync(join(tmpdir(), 'checkrd-history-'));
  readonly path = join(this.folder, 'log', 'audit.jsonl');
  readonly key = join(this.folder, 'keys', 'origin.pub');

  open(): AuditLog {
    return openAuditLog(settingsAt(this.folder));
  }
  /** Opened, three records, closed. */
  restart(): void {
    const log = this.open();
    appendMany(log, 3, 900);
    log.close();
  }
  /** Ten records, closed in order: 12 lines. */
  ended(): void {
    const log = this.open();
    appendMany(log, 10);
    log.close();
  }
  /** As {@link ended}, then five records more, and everything as a SIGKILL leaves it: 17 lines, 12 of them signed. */
  killed(): void {
    this.ended();
    const log = this.open();
    appendMany(log, 5, 100);
    cpSync(join(this.folder, 'log'), join(this.folder, 'then'), { recursive: true });
    log.close();
    rmSync(join(this.folder, 'log'), { recursive: true, force: true, maxRetries: 10 });
    renameSync(join(this.folder, 'then'), join(this.folder, 'log'));
  }
  /** A running writer, and what is done to it between two records. */
  live(act: (log: AuditLog) => void): void {
    const log = this.open();
    appendMany(log, 5);
    act(log);
    appendMany(log, 5, 50);
    log.close();
  }
  get lines(): string[] {
    return readFileSync(this.path, 'utf8').split('\n').slice(0, -1);
  }
  set lines(lines: readonly string[]) {
    writeFileSync(this.path, lines.map(line => `${line}\n`).join(''));
  }
  edit(change: (lines: string[]) => void): void {
    const { lines } = this;
    change(lines);
    this.lines = lines;
  }
  /** What was allowed was denied, says line `n` now. */
  forge(n: number): void {
    this.edit(lines => lines.splice(n - 1, 1, String(lines[n - 1]).replace('"allow"', '"deny"')));
  }
  /** The files an operator would name: `audit*`, without lock, state and what was put aside. */
  files(): string[] {
    const folder = join(this.folder, 'log');
    const names = readdirSync(folder, { withFileTypes: true }).filter(
      entry => !entry.isSymbolicLink() && /^audit[^/]*\.jsonl(\.\d+)?(\.gz)?$/.test(entry.name),
    );
    return names.map(({ name }) => join(folder, name));
  }
  /** What `verify` reads beside them. */
  beside(): string[] {
    const folder = join(this.folder, 'log');
    const names = readdirSync(folder).filter(name => /\.(state|epochs)$/.test(name));
    return names.map(name => join(folder, name));
  }
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

export interface History {
  readonly name: string;
  readonly exit: 0 | 1 | 2;
  readonly first?: string;
  readonly run: (log: LabLog) => void;
}

export const HISTORIES: readonly History[] = [
  // Honest ends: what is really missing is nothing.
  {
    name: 'closed and opened again',
    exit: 0,
    run: l => {
      l.ended();
      l.restart();
    },
  },
  { name: 'killed', exit: 0, run: l => l.killed() },
  {
    name: 'killed and opened again',
    exit: 0,
    run: l => {
      l.killed();
      l.restart();
    },
  },
  { name: 'nothing but a start and an end', exit: 0, run: l => l.open().close() },
  {
    name: 'half a line',
    exit: 0,
    run: l => {
      l.killed();
      appendFileSync(l.path, '{"agent_id":"a');
      l.restart();
    },
  },
  {
    name: 'NULs at the end',
    exit: 0,
    run: l => {
      l.killed();
      appendFileSync(l.path, Buffer.alloc(4096));
      l.restart();
    },
  },
  {
    name: 'a line of NULs',
    exit: 0,
    run: l => {
      l.killed();
      appendFileSync(l.path, '\0\0\n');
      l.restart();
    },
  },
  {
    name: 'NULs before the last lines: they are not judged, the log itself says what they are',
    exit: 0,
    run: l => {
      l.killed();
      const bytes = readFileSync(l.path);
      bytes.fill(0, bytes.length - 1500, bytes.length - 1400);
      writeFileSync(l.path, bytes);
      l.restart();
    },
  },
  {
    name: 'NULs at the end, twice',
    exit: 0,
    run: l => {
      for (const bytes of [4096, 50]) {
        l.killed();
        appendFileSync(l.path, Buffer.alloc(bytes));
      }
      l.restart();
    },
  },
  {
    name: 'rotated',
    exit: 0,
    run: l =>
      l.live(log => {
        renameSync(l.path, `${l.path}.1`);
        log.reopen();
      }),
  },
  {
    name: 'killed, then rotated',
    exit: 0,
    run: l => {
      l.killed();
      renameSync(l.path, `${l.path}.1`);
      l.restart();
    },
  },
  {
    name: 'copytruncate without loss',
    exit: 0,
    run: l =>
      l.live(() => {
        cpSync(l.path, `${l.path}.1`);
        truncateSync(l.path, 0);
      }),
  },
  {
    name: 'two writers: the first is not disturbed',
    exit: 0,
    run: l => {
      l.live(() => l.restart());
      for (const path of l.files()) if (path !== l.path) rmSync(path);
    },
  },
  {
    name: 'the state file deleted',
    exit: 0,
    run: l => {
      l.ended();
      rmSync(`${l.path}.state`);
      l.restart();
    },
  },
  {
    name: 'the state file edited',
    exit: 0,
    run: l => {
      l.ended();
      writeFileSync(`${l.path}.state`, readFileSync(`${l.path}.state`, 'utf8').replace('"size":', '"size":1'));
      l.restart();
    },
  },
  {
    name: 'the state file set back to an older copy: no number is written twice',
    exit: 0,
    run: l => {
      l.ended();
      cpSync(`${l.path}.state`, join(l.folder, 'old'));
      l.restart();
      cpSync(join(l.folder, 'old'), `${l.path}.state`);
      l.restart();
    },
  },
  // Cannot be told apart from an honest one by the files alone; `--expect` can.
  {
    name: 'log and state set back to an older copy',
    exit: 0,
    run: l => {
      l.ended();
      cpSync(join(l.folder, 'log'), join(l.folder, 'old'), { recursive: true });
      l.restart();
      rmSync(join(l.folder, 'log'), { recursive: true, force: true, maxRetries: 10 });
      cpSync(join(l.folder, 'old'), join(l.folder, 'log'), { recursive: true });
      l.restart();
    },
  },
  // A torn end that nobody has healed yet.
  {
    name: 'half a line, not opened since',
    exit: 2,
    first: 'torn_tail audit.jsonl:18',
    run: l => {
      l.killed();
      appendFileSync(l.path, '{"agent_id":"a');
    },
  },
  // Lines that were written and are not there.
  {
    name: 'cut below the state',
    exit: 1,
    first: 'missing audit.jsonl:1',
    run: l => {
      l.ended();
      l.edit(lines => lines.splice(5));
      l.restart();
    },
  },
  {
    name: 'the log deleted',
    exit: 1,
    first: 'missing audit.jsonl:2',
    run: l => {
      l.ended();
      rmSync(l.path);
      l.restart();
    },
  },
  {
    name: 'the log replaced by an older copy',
    exit: 1,
    first: 'missing audit.jsonl:1',
    run: l => {
      l.ended();
      cpSync(l.path, join(l.folder, 'old'));
      l.restart();
      rmSync(l.path);
      cpSync(join(l.folder, 'old'), l.path);
      l.restart();
    },
  },
  {
    name: 'truncated while it was written, and no copy',
    exit: 1,
    first: 'missing audit.jsonl:1',
    run: l => l.live(() => truncateSync(l.path, 0)),
  },
  {
    name: 'copytruncate that lost a record',
    exit: 1,
    first: 'missing audit.jsonl:1',
    run: l =>
      l.live(log => {
        cpSync(l.path, `${l.path}.1`);
        appendMany(log, 1, 30);
        truncateSync(l.path, 0);
      }),
  },
  {
    name: 'the first files gone from a log that was cut: its end verifies, what was cut is missed',
    exit: 1,
    first: 'missing audit.jsonl:1',
    run: l => {
      l.live(() => truncateSync(l.path, 700));
      rmSync(join(l.folder, 'log', 'audit.0.jsonl'));
    },
  },
  // Bytes that no writer of ours wrote.
  {
    name: 'a foreign line while it was written',
    exit: 1,
    first: 'foreign audit.0.jsonl:7',
    run: l => l.live(() => appendFileSync(l.path, 'hello\n')),
  },
  {
    name: 'foreign bytes without a newline while it was written',
    exit: 1,
    first: 'foreign audit.0.jsonl:7',
    run: l => l.live(() => appendFileSync(l.path, 'hello')),
  },
  {
    name: 'a line copied to the end while it was written',
    exit: 1,
    first: 'duplicate_seq audit.0.jsonl:7',
    run: l => l.live(() => appendFileSync(l.path, `${l.lines.at(-1)}\n`)),
  },
  {
    name: 'foreign bytes without a newline after the end',
    exit: 1,
    first: 'foreign audit.0.jsonl:13',
    run: l => {
      l.ended();
      appendFileSync(l.path, 'hello');
      l.restart();
    },
  },
  // Edits.
  {
    name: 'a record changed',
    exit: 1,
    first: 'edited audit.jsonl:5',
    run: l => {
      l.ended();
      l.forge(5);
    },
  },
  {
    name: 'a record changed after a kill, before any signature, and the log opened again',
    exit: 1,
    first: 'edited audit.0.jsonl:15',
    run: l => {
      l.killed();
      l.forge(15);
      l.restart();
    },
  },
  {
    name: 'a record removed',
    exit: 1,
    first: 'missing audit.jsonl:5',
    run: l => {
      l.ended();
      l.edit(lines => lines.splice(4, 1));
    },
  },
  {
    name: 'two records exchanged',
    exit: 1,
    first: 'reordered audit.jsonl:5',
    run: l => {
      l.ended();
      l.edit(lines => lines.splice(4, 2, String(lines[5]), String(lines[4])));
    },
  },
  {
    name: 'a damaged file that was changed after the writer went on',
    exit: 1,
    first: 'edited audit.0.jsonl:14',
    run: l => {
      l.killed();
      appendFileSync(l.path, Buffer.alloc(64));
      l.restart();
      const aside = join(l.folder, 'log', 'audit.0.jsonl');
      const text = readFileSync(aside, 'latin1').replace('"request_id":"r-101"', '"request_id":"r-666"');
      writeFileSync(aside, text, 'latin1');
    },
  },
  // Keys.
  {
    name: 'the key deleted: a new log, which is not by the key given',
    exit: 1,
    first: 'wrong_key audit.jsonl:1',
    run: l => {
      l.ended();
      const keys = join(l.folder, 'keys');
      for (const name of readdirSync(keys).filter(name => name.endsWith('.key'))) rmSync(join(keys, name));
      l.restart();
    },
  },
  {
    name: 'the folder deleted while it was stopped: a new log, which is not by the key given',
    exit: 1,
    first: 'wrong_key audit.jsonl:1',
    run: l => {
      l.ended();
      rmSync(join(l.folder, 'log'), { recursive: true, force: true, maxRetries: 10 });
      mkdirSync(join(l.folder, 'log'));
      l.restart();
    },
  },
];
