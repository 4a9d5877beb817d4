/**
 * The process's own `fetch`, guarded while at least one vendor is instrumented: every SDK calls it, or takes it when a client is
 * made.
 *
 *   in   : a guard for a fetch, the vendors by name
 *   out  : `globalThis.fetch` guarded, and back; calls of the runtime's fetch that no guard saw, counted in the coverage
 *   never: two agents in one place; a second decision about one call
 *
 * A client that was made before keeps the fetch of then. Its calls are seen on undici's diagnostics channel, and not decided.
 */
import { channel } from 'node:diagnostics_channel';
import { processCoverage } from '../../agent/coverage.js';
import { CheckrdInitError } from '../../agent/errors.js';
import type { Agent } from '../../agent/types.js';
import { Fault } from '../../core/fault.js';
import { isGuardedBy, knownAs } from '../fetch/guarded.js';
import { isJudged, watchJudged } from '../judged.js';
import { processGuardedBy } from '../one-guard.js';
import { type AnyFunction, patchMethod, type Undo } from '../patch.js';
import { speak, type Voice } from '../speaker.js';
import type { Vendor } from './vendors.js';

/** Makes a guarded fetch of a plain one. */
export interface FetchGuard extends Voice {
  readonly agent: Agent;
  wrap(base: typeof fetch): typeof fetch;
}

interface Installed {
  readonly agent: Agent;
  readonly vendors: Set<Vendor>;
  /** Its agent is closed: it refuses everything until it is taken away or replaced. */
  isOver: boolean;
  readonly undo: Undo;
}

let installed: Installed | null = null;

/** @throws CheckrdInitError `already_instrumented` by another agent that is still open, `fetch_not_replaceable` */
export function instrumentFetch(guard: FetchGuard, vendors: readonly Vendor[]): void {
  if (installed !== null && installed.agent !== guard.agent) {
    if (!installed.isOver) throw initError('already_instrumented');
    takeAway();
  }
  installed ??= install(guard);
  for (const vendor of vendors) installed.vendors.add(vendor);
}

/** Gives the fetch back when no vendor is left. Vendors that are not instrumented are passed over. */
export function uninstrumentFetch(vendors: readonly Vendor[]): void {
  for (const vendor of vendors) installed?.vendors.delete(vendor);
  if (installed?.vendors.size === 0) takeAway();
}

export function instrumentedBy(agent: Agent): readonly Vendor[] {
  return installed?.agent === agent ? [...installed.vendors] : [];
}

/** The agent is closed. Its calls are refused, and another may take the place. */
export function agentClosed(agent: Agent): void {
  if (installed?.agent === agent) installed.isOver = true;
}

function takeAway(): void {
  installed?.undo();
  installed = null;
}

function install(guard: FetchGuard): Installed {
  const { agent } = guard;
  const vendors = new Set<Vendor>();
  // Whoever guards the process already (`checkrd/register`) decides; nothing is to be decided twice.
  if (
    processGuardedBy() !== null ||
    processCoverage.list().some(row => row.way === 'fetch' && row.state !== 'unknown')
  ) {
    // It is told for whom, and with which hooks.
    return { agent, vendors, isOver: false, undo: speak(guard) };
  }
  const before = globalThis.fetch;
  if (isGuardedBy(before, agent)) return { agent, vendors, isOver: false, undo: () => undefined };
  const patch = patchMethod(globalThis, 'fetch', native => guard.wrap(native as typeof fetch) as AnyFunction);
  if (patch === null) throw initError('fetch_not_replaceable');
  knownAs(globalThis.fetch, agent, before);
  processCoverage.covers('fetch', 'wrapped', null, patch.isOnTop);
  const unwatch = watchUndici();
  return {
    agent,
    vendors,
    isOver: false,
    undo: () => {
      unwatch();
      patch.undo();
      processCoverage.forget('fetch');
    },
  };
}

interface Created {
  readonly request?: { readonly origin?: unknown };
}

/** What the runtime's fetch, or a copy of undici, sends without a guard is said, not stopped. */
function watchUndici(): Undo {
  const stopWatching = watchJudged();
  const created = channel('undici:request:create');
  const onCreated = (message: unknown): void => {
    if (!isJudged()) processCoverage.passed('undici', noteOf((message as Created).request?.origin));
  };
  created.subscribe(onCreated);
  processCoverage.covers('undici', 'seen', 'calls that the guarded fetch did not make are counted, not decided');
  return () => {
    created.unsubscribe(onCreated);
    stopWatching();
    processCoverage.forget('undici');
  };
}

function noteOf(origin: unknown): string {
  const to = typeof origin === 'string' || origin instanceof URL ? new URL(origin).host : 'some host';
  return `a call to ${to} that no guard saw: by a client made before, or by undici itself`;
}

function initError(code: 'already_instrumented' | 'fetch_not_replaceable'): CheckrdInitError {
  const fault = new Fault(code);
  return new CheckrdInitError(fault.code, fault.message, fault.hint);
}
