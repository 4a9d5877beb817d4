import { readFileSync } from 'node:fs';

/** Which start of the machine this is, so that times of its monotonic clock can be compared; null: it cannot be told. */
export function bootId(): string | null {
  try {
    const text = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return /^[0-9a-f-]{1,64}$/.test(text) ? text : null;
  } catch {
    return null;
  }
}
