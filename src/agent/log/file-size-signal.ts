/**
 * A write beyond the limit on file sizes (`ulimit -f`, `LimitFSIZE=`) raises SIGXFSZ, which ends a process that does not
 * listen. Listening makes it the error `EFBIG`, which denies the call like any other. The host's own listeners stay.
 */
let listening = false;

export function surviveFileSizeLimit(): void {
  if (listening) return;
  listening = true;
  process.on('SIGXFSZ', () => undefined);
}
