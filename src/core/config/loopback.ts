/** An address that only this machine can reach, as `host:port`. A name is none: what it leads to is another's word. */

export interface LoopbackAddress {
  /** As the system takes it: without brackets. */
  readonly host: string;
  readonly port: number;
}

/** No leading zeros: some read them as octal. */
const PART = String.raw`(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`;
const PORT = String.raw`6553[0-5]|655[0-2]\d|65[0-4]\d{2}|6[0-4]\d{3}|[1-5]\d{4}|[1-9]\d{0,3}`;
export const LOOPBACK = new RegExp(`^(127(?:\\.${PART}){3}|\\[::1\\]):(${PORT})$`);

/** As it is written in settings; the inverse of {@link loopbackAddress}. */
export function loopbackText({ host, port }: LoopbackAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Null: it is none. */
export function loopbackAddress(text: string): LoopbackAddress | null {
  const [, host, digits] = LOOPBACK.exec(text) ?? [];
  return host === undefined ? null : { host: host.replace(/[[\]]/g, ''), port: Number(digits) };
}
