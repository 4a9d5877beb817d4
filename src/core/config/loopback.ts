/** An address that only this machine can reach, as `host:port`. A name is none: what it leads to is another's word. */

export interface LoopbackAddress {
  /** As the system takes it: without brackets. */
  readonly host: string;
  readonly port: number;
}

/** No leading zeros: some read them as octal. */
const PART = String.raw`(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`;
const WRITTEN = new RegExp(`^(127(?:\\.${PART}){3}|\\[::1\\]):([1-9]\\d{0,4})$`);

/** Null: it is none. */
export function loopbackAddress(text: string): LoopbackAddress | null {
  const [, host, digits] = WRITTEN.exec(text) ?? [];
  const port = Number(digits);
  return host === undefined || port > 65_535 ? null : { host: host.replace(/[[\]]/g, ''), port };
}
