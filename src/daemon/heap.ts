/**
 * Keeps the daemon's heap small: its young objects die with their request, and room for more of them only holds memory.
 *
 * V8 doubles that room whenever much survives (to 48 MiB and more); asked so, it leaves it at its first size. A number that it
 * looks at each time it would grow, so that it may still be set while the process runs.
 */
import { setFlagsFromString } from 'node:v8';

export function keepYoungHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
