/** Failures of the guards in a program: who calls, and what is guarded. Part of the table in fault.ts. */
import type { FaultRow } from './fault.js';

export const GUARD_FAULTS = {
  agent_id_fixed: {
    say: f => `calls of agent \`${f.got}\` cannot be recorded: the daemon's socket belongs to \`${f.only}\``,
    fix: 'open a Checkrd for that agent with a socket of its own, or keep the log here (no `daemon.records`)',
  },
  already_initialized: {
    say: () => 'init was called before, and what it opened is still open',
    fix: 'call shutdown() first and wait for it, or use withOptions for another guard beside the first',
  },
  already_instrumented: {
    say: () => "the process's fetch is guarded by another Checkrd",
    fix: 'call uninstrument() of that one first; one agent guards a process, others use wrap',
  },
  client_not_guardable: {
    say: f => `this is no client of \`${f.package}\` that keeps a fetch`,
    fix: 'hand in clients, not classes; or give the SDK a guarded fetch: `new Client({ fetch: checkrd.wrap(fetch) })`',
  },
  fetch_not_replaceable: {
    say: () =>
      "the process's fetch cannot be replaced: it is missing, or another program part has defined it as a getter",
    fix: 'call instrument() before that part is loaded, or give each SDK a guarded fetch: `checkrd.wrap(fetch)`',
  },
  not_initialized: {
    say: f => `${f.name} was called before init`,
    fix: 'call init({ … }) first, or use new Checkrd({ … })',
  },
  runtime_not_guarded: {
    say: f => `the process runs on ${f.runtime}, where checkrd/register cannot guard every way out`,
    fix: 'run it with Node 20.19 or later; elsewhere guard the fetch alone, by `instrument()` or `wrap` (docs/runtimes.md)',
  },
  session_id_invalid: {
    say: f => `\`${f.got}\` is not a session ID`,
    fix: 'use 1 to 128 of A-Z a-z 0-9 . _ : / @ -',
  },
} as const satisfies Record<string, FaultRow>;
