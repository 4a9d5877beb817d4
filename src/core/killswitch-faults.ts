/** Rows of the one table of failures (fault.ts): the kill switch. */
import type { FaultRow } from './fault.js';

export const KILLSWITCH_FAULTS = {
  killswitch_dir_missing: {
    say: f => `the folder \`${f.path}\` of the kill switch is not there and cannot be made (${f.error})`,
    fix: 'make the folder and let the agent enter it, or set another path for the kill switch',
  },
  killswitch_not_engaged: {
    say: f => `the kill switch \`${f.path}\` could not be written (${f.error})`,
    fix: 'run the command as a user who may write that folder; `touch` on the same path does the same',
  },
  killswitch_not_released: {
    say: f => `the kill switch \`${f.path}\` could not be removed (${f.error})`,
    fix: 'remove it by hand as a user who may write its folder',
  },
} as const satisfies Record<string, FaultRow>;
