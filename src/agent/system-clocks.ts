import type { SystemClocks } from '../core/system-clocks.js';
import { bootId } from '../disk/boot-id.js';

/** Reads the clocks whenever it is asked, and once which start of the machine this is. */
export function openSystemClocks(): () => SystemClocks {
  const boot = bootId();
  return () => ({ wallMs: Date.now(), bootMs: Number(process.hrtime.bigint() / 1000n) / 1000, bootId: boot });
}
