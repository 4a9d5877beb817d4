/** Logs as years leave them: several epochs, every record signed, files turned over and packed; and one changed since. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { openAuditLog } from '#src/agent/audit-log.js';
import { appendMany, settingsAt } from './audit-log.js';
import type { LabLog } from './histories.js';

const DAY_MS = 24 * 3_600_000;

interface LongLived {
  readonly name: string;
  readonly run: (log: LabLog) => void;
}

/** Four files by another program's rotation, the two oldest packed; the third lives for more than a day, so for two epochs. */
function rotatedOutside(log: LabLog): void {
  let aheadMs = 0;
  const clock = { wallMs: () => Date.now() + aheadMs };
  const writer = openAuditLog({ ...settingsAt(log.folder), signatures: 'record', clock });
  for (const generation of [3, 2, 1]) {
    appendMany(writer, 4, generation * 10);
    if (generation === 1) {
      aheadMs += DAY_MS + 60_000;
      appendMany(writer, 2, 100);
    }
    renameSync(log.path, `${log.path}.${generation}`);
    writer.reopen();
  }
  appendMany(writer, 3, 200);
  writer.close();
  for (const generation of [2, 3]) pack(`${log.path}.${generation}`);
}

/** Files by the writer's own rotation, all but the last packed. */
function turnedOver(log: LabLog): void {
  const rotation = { maxBytes: 8 * 1024, daily: false };
  const writer = openAuditLog({ ...settingsAt(log.folder), signatures: 'record', rotation });
  appendMany(writer, 40);
  writer.close();
  for (const file of log.files().filter(file => !isLast(file))) pack(file);
}

export const LONG_LIVED: readonly LongLived[] = [
  { name: 'epochs, rotated and packed', run: rotatedOutside },
  { name: 'epochs, turned over and packed', run: turnedOver },
  {
    name: 'epochs, and a packed record changed',
    run: log => {
      rotatedOutside(log);
      const file = `${log.path}.3.gz`;
      const text = gunzipSync(readFileSync(file)).toString('utf8').replace('"allow"', '"deny"');
      writeFileSync(file, gzipSync(text));
    },
  },
];

function pack(file: string): void {
  writeFileSync(`${file}.gz`, gzipSync(readFileSync(file)));
  rmSync(file);
}

function isLast(file: string): boolean {
  return !readFileSync(file, 'utf8').includes('"type":"segment_closed"');
}
