/**
 * What lies beside the files of a log: its state file and its `.epochs` file, found by what they say and not by name alone.
 *
 * Read before the log itself: a log that is being written may be ahead of them, and must not seem to lag behind.
 */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import { type Beside, epochsOf, type StateBeside, stateBeside } from '../core/verify/end-evidence.js';
import { ed25519Verify } from '../crypto/ed25519.js';
import { readLines } from '../disk/read-lines.js';
import type { LogFiles } from './log-files.js';

/** Files of one folder that are looked at, and lines of one `.epochs`: far above any log's. */
const FILES_MAX = 256;
const EPOCHS_MAX = 100_000;

export function besideLog({ origin, files }: LogFiles): Beside {
  const given = new Set(files.map(({ path }) => fileId(path)));
  const epochs: Uint8Array[] = [];
  let state: StateBeside | null = null;
  let judgesEnd = true;
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) {
    for (const name of namesIn(folder)) {
      const path = join(folder, name);
      const log = path.replace(/\.(state|epochs)$/, '');
      const lines = linesOf(path);
      if (name.endsWith('.state')) {
        const found = stateBeside(ed25519Verify, path, lines[0]);
        if (found?.state.log !== origin) continue;
        if (state === null || state.state.size < found.state.size) state = found;
      } else {
        const own = epochsOf(origin, lines);
        if (own.length === 0) continue;
        epochs.push(...own);
      }
      // The end of a log whose current file is there and was left out is nobody's surprise.
      const current = fileId(log);
      if (current !== null && !given.has(current)) judgesEnd = false;
    }
  }
  return { epochs, state, judgesEnd };
}

function linesOf(path: string): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  try {
    readLines(path, AUDIT_LINE_MAX_BYTES, line => lines.push(line.slice()) < EPOCHS_MAX);
  } catch {
    // What cannot be read is no evidence; the log is judged without it.
  }
  return lines;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter(name => /\.(state|epochs)$/.test(name))
      .sort()
      .slice(0, FILES_MAX);
  } catch {
    return [];
  }
}

function fileId(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.dev}:${stat.ino}` : null;
}
