/**
 * What a log takes of its disk, and when that will be full.
 *
 *   in   : the settings of the log
 *   out  : a forecast (core/disk/forecast.ts)
 *   never: opens a file: names, sizes and times are enough
 */
import { lstatSync, readdirSync, statfsSync } from 'node:fs';
import { lstat, readdir, statfs } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { Settings } from '../../core/config/settings.js';
import { type DiskForecast, forecastDisk, type LogFileFacts } from '../../core/disk/forecast.js';

interface Seen {
  readonly size: number;
  readonly birthtimeMs: number;
  readonly mtimeMs: number;
  isFile(): boolean;
}

/** Null: the folder cannot be looked at. */
export function logForecast(settings: Settings, nowMs: number): DiskForecast | null {
  const folder = dirname(settings.audit.path);
  try {
    const { bsize, bavail } = statfsSync(folder);
    const names = readdirSync(folder).filter(isOf(settings.audit.path));
    const files = names.map(name => lstatSync(join(folder, name), { throwIfNoEntry: false }));
    return forecast(settings, files, bavail * bsize, nowMs);
  } catch {
    return null;
  }
}

/** As {@link logForecast}, without holding up whoever decides meanwhile. */
export async function logForecastLater(settings: Settings, nowMs: number): Promise<DiskForecast | null> {
  const folder = dirname(settings.audit.path);
  try {
    const { bsize, bavail } = await statfs(folder);
    const files: (Seen | undefined)[] = [];
    for (const name of await readdir(folder)) {
      if (isOf(settings.audit.path)(name)) files.push(await lstat(join(folder, name)).catch(() => undefined));
    }
    return forecast(settings, files, bavail * bsize, nowMs);
  } catch {
    return null;
  }
}

/** Its files, whoever turned them over, packed or not. The reserve is no growth, and counts as used already. */
function isOf(path: string): (name: string) => boolean {
  const stem = basename(path, extname(path));
  return name => name.startsWith(`${stem}.`) && !name.endsWith('.reserve') && !name.endsWith('.lock');
}

function forecast(
  { audit }: Settings,
  seen: readonly (Seen | undefined)[],
  freeBytes: number,
  nowMs: number,
): DiskForecast {
  const files: LogFileFacts[] = seen
    // A link leads to a file that is among them.
    .filter(file => file?.isFile() === true)
    .map(file => file as Seen)
    .map(({ size, birthtimeMs, mtimeMs }) => ({
      sizeBytes: size,
      bornMs: birthtimeMs > 0 ? birthtimeMs : null,
      changedMs: mtimeMs,
    }));
  const { rotateBytes, rotateDaily, retention } = audit;
  return forecastDisk({ files, freeBytes, keeping: { ...retention, rotateBytes, rotateDaily }, nowMs });
}
