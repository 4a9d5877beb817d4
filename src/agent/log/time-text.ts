const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
let second = -1;
let prefix = '';

/** RFC 3339 UTC with milliseconds, for milliseconds since 1970. A clock outside the years 1970 to 9999 is held at their ends. */
export function timeText(wallMs: number): string {
  const ms = Number.isFinite(wallMs) ? Math.min(Math.max(Math.floor(wallMs), 0), LAST_MS) : 0;
  const now = Math.floor(ms / 1000);
  if (now !== second) {
    // Formatting a date costs as much as the hash; records come many to the second.
    prefix = new Date(now * 1000).toISOString().slice(0, 20);
    second = now;
  }
  const rest = ms - now * 1000;
  return `${prefix}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`;
}
