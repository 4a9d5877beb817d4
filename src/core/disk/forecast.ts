/**
 * When the disk of a log will be full, by what its files say of themselves.
 *
 *   in   : sizes and times of the log's files, the room that is left, what retention keeps
 *   out  : bytes a day, and days until nothing more fits
 *   never: reads anything; knows what else is written to that disk
 *
 * A straight line and no more. Files that somebody else removes (logrotate) are not in it, so it errs to the early side.
 */

export interface LogFileFacts {
  readonly sizeBytes: number;
  /** Milliseconds since 1970: when it was begun; null: the filesystem does not say. */
  readonly bornMs: number | null;
  readonly changedMs: number;
}

export interface LogKeeping {
  /** Null: as many as come. */
  readonly keepFiles: number | null;
  readonly keepDays: number | null;
  readonly keepBytes: number | null;
  /** The size at which a file ends; null: at none. */
  readonly rotateBytes: number | null;
  readonly rotateDaily: boolean;
  readonly hold: boolean;
}

export interface DiskFacts {
  readonly files: readonly LogFileFacts[];
  /** That an ordinary user may still fill. A reserve for the log is taken from it already, and is for putting things right. */
  readonly freeBytes: number;
  readonly keeping: LogKeeping;
  readonly nowMs: number;
}

export interface DiskForecast {
  readonly logBytes: number;
  readonly freeBytes: number;
  /** Null: the files tell of too short a time. */
  readonly bytesPerDay: number | null;
  /** Infinite: by this log never. Null: not known. */
  readonly daysUntilFull: number | null;
}

const DAY_MS = 86_400_000;
/** Less history than that says nothing about a day. */
const HISTORY_MIN_MS = DAY_MS / 24;
/** Below this an operator should hear of it. */
const DISK_WARNING_DAYS = 7;

export function forecastDisk({ files, freeBytes, keeping, nowMs }: DiskFacts): DiskForecast {
  const logBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const bytesPerDay = growth(files, logBytes, nowMs);
  if (bytesPerDay === null) return { logBytes, freeBytes, bytesPerDay, daysUntilFull: null };
  const ceiling = ceilingBytes(keeping, bytesPerDay);
  const isBounded = bytesPerDay === 0 || Math.max(0, ceiling - logBytes) <= freeBytes;
  const daysUntilFull = isBounded ? Number.POSITIVE_INFINITY : freeBytes / bytesPerDay;
  return { logBytes, freeBytes, bytesPerDay, daysUntilFull };
}

/** Over the time that the files on disk cover, up to now: a log that has come to rest grows slowly. */
function growth(files: readonly LogFileFacts[], logBytes: number, nowMs: number): number | null {
  if (files.length === 0) return null;
  const oldest = files.reduce((a, b) => (b.changedMs < a.changedMs ? b : a));
  // Where its birth is unknown its bytes are of an unknown time, before the one that is looked at.
  const fromMs = oldest.bornMs === null ? oldest.changedMs : Math.min(oldest.bornMs, oldest.changedMs);
  const spanMs = nowMs - fromMs;
  if (spanMs < HISTORY_MIN_MS) return null;
  const bytes = oldest.bornMs === null ? logBytes - oldest.sizeBytes : logBytes;
  return (bytes * DAY_MS) / spanMs;
}

/** What the log's own retention lets it grow to: one file more than is kept stands while the next is begun. */
function ceilingBytes(keeping: LogKeeping, bytesPerDay: number): number {
  const { keepFiles, keepDays, keepBytes, rotateBytes, rotateDaily, hold } = keeping;
  // Without files of its own there is nothing that it could remove.
  if (hold || (rotateBytes === null && !rotateDaily)) return Number.POSITIVE_INFINITY;
  const fileBytes = Math.min(
    rotateBytes ?? Number.POSITIVE_INFINITY,
    rotateDaily ? bytesPerDay : Number.POSITIVE_INFINITY,
  );
  return Math.min(
    keepBytes === null ? Number.POSITIVE_INFINITY : keepBytes + fileBytes,
    keepFiles === null ? Number.POSITIVE_INFINITY : (keepFiles + 1) * fileBytes,
    keepDays === null ? Number.POSITIVE_INFINITY : keepDays * bytesPerDay + 2 * fileBytes,
  );
}

export const isShort = ({ daysUntilFull }: DiskForecast): boolean =>
  daysUntilFull !== null && daysUntilFull < DISK_WARNING_DAYS;

/** One line for people, without a full stop. */
export function forecastText(forecast: DiskForecast): string {
  const { logBytes, freeBytes, bytesPerDay, daysUntilFull } = forecast;
  const now = `${size(logBytes)} of log, ${size(freeBytes)} free`;
  if (bytesPerDay === null || daysUntilFull === null) return `${now}; too short a history for a forecast`;
  const pace = `${now}, ${size(bytesPerDay)} a day`;
  if (daysUntilFull === Number.POSITIVE_INFINITY) return `${pace}; the log does not fill it`;
  if (daysUntilFull < 1) return `${pace}; full in ${Math.floor(daysUntilFull * 24)} hours`;
  return `${pace}; full in ${daysUntilFull > 9999 ? 'over 9999' : Math.floor(daysUntilFull)} days`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
