/** Rows of the one table of failures (fault.ts): the engine. */
import type { FaultRow } from './fault.js';

export const ENGINE_FAULTS = {
  engine_integrity: {
    say: f => `the engine \`${f.path}\` cannot be trusted: ${f.why}`,
    fix: 'install checkrd again (in a checkout, run npm run build), or have the setting `engine` name one that may be run',
  },
  engine_program_refused: {
    say: f => `the engine refused the compiled policy (check ${f.check})`,
    fix: 'load the policy with the compiler that came with this engine; if it did, report this as a defect',
  },
  engine_unproven: {
    say: f => `the engine \`${f.path}\` does not decide as it must: ${f.why}`,
    fix: 'take the file away or put the old one back; whoever built and signed it should build it again from sound sources',
  },
  engine_unreadable: {
    say: f => `the engine \`${f.path}\` cannot be read: ${f.why}`,
    fix: 'put the file back, or let the user of checkrd read it; the engine in force stays until a restart',
  },
  engine_untrusted: {
    say: f => `the engine \`${f.path}\` is none that this version was built with, and ${f.why}`,
    fix: 'install the engine of this version, or have it signed by a key in `engine/` of the trust folder (checkrd sign --engine)',
  },
  engine_writable_by_others: {
    say: f =>
      `\`${f.path}\` has mode ${f.mode} and owner ${f.owner}: ${f.who} could change the engine; run \`${f.mend}\``,
    fix: 'see first that the engine is still yours, then take the right to write away as the message says',
  },
} as const satisfies Record<string, FaultRow>;
