/**
 * The functions of the module: one `Checkrd` for the program, by the names of the published SDK.
 *
 *   in   : options once (`init`), then nothing that says which guard is meant
 *   out  : what the class gives
 *   never: opens anything by itself
 */
import { CheckrdInitError } from './agent/errors.js';
import type { AgentHealth } from './agent/types.js';
import { Checkrd, type CheckrdOptions } from './checkrd.js';
import { Fault } from './core/fault.js';
import type { CallerOptions } from './transports/caller.js';
import type { Vendor } from './transports/instrument/vendors.js';
import { processCallers } from './transports/speaker.js';

let main: Checkrd | null = null;
/** Those that `wrap` opened for options of their own. */
const others = new Set<Checkrd>();

/** Opens the program's guard. @throws CheckrdInitError `already_initialized`, and as the constructor does. */
export function init(options: CheckrdOptions = {}): Checkrd {
  if (main !== null) throw initError('already_initialized', {});
  main = new Checkrd(options);
  return main;
}

/** A guarded fetch: of the program's guard, or with options of one opened for it, which `shutdown` closes. */
export function wrap(base: typeof fetch = globalThis.fetch, options?: CheckrdOptions): typeof fetch {
  if (options === undefined) return opened('wrap').wrap(base);
  const other = new Checkrd(options);
  others.add(other);
  return other.wrap(base);
}

export async function wrapAsync(base?: typeof fetch, options?: CheckrdOptions): Promise<typeof fetch> {
  return wrap(base, options);
}

/** As `Checkrd.run`; before `init`, in a process under `checkrd/register`, for the calls that its guard decides. */
export function run<T>(caller: CallerOptions, act: () => T): T {
  const ofProcess = main === null ? processCallers() : null;
  if (ofProcess !== null) return ofProcess.run(ofProcess.claim(caller), act);
  return opened('run').run(caller, act);
}

/** Null before `init` and after `shutdown`. Never throws. */
export function healthy(): AgentHealth | null {
  return main?.healthy() ?? null;
}

/**
 * Writes the last records and closes what `init` and `wrap` opened. Idempotent. A process that is still instrumented then
 * refuses its calls: `uninstrument` first, where they should pass unguarded.
 */
export async function shutdown(): Promise<void> {
  const open = [...(main === null ? [] : [main]), ...others];
  main = null;
  others.clear();
  await Promise.all(open.map(one => one.close()));
}

/** As `Checkrd.instrument`. @throws CheckrdInitError `not_initialized` */
export function instrument(): void {
  opened('instrument').instrument();
}

/** Gives the process's fetch back. After `shutdown` too. */
export function uninstrument(): void {
  last?.uninstrument();
}

type Instrument = (...clients: readonly unknown[]) => void;

export const instrumentAnthropic = instrumentBy('anthropic', 'instrumentAnthropic');
export const instrumentCohere = instrumentBy('cohere', 'instrumentCohere');
export const instrumentGoogleGenAI = instrumentBy('google-genai', 'instrumentGoogleGenAI');
export const instrumentGroq = instrumentBy('groq', 'instrumentGroq');
export const instrumentMistral = instrumentBy('mistral', 'instrumentMistral');
export const instrumentOpenAI = instrumentBy('openai', 'instrumentOpenAI');
export const instrumentTogether = instrumentBy('together', 'instrumentTogether');

export const uninstrumentAnthropic = (): void => last?.uninstrumentVendor('anthropic');
export const uninstrumentCohere = (): void => last?.uninstrumentVendor('cohere');
export const uninstrumentGoogleGenAI = (): void => last?.uninstrumentVendor('google-genai');
export const uninstrumentGroq = (): void => last?.uninstrumentVendor('groq');
export const uninstrumentMistral = (): void => last?.uninstrumentVendor('mistral');
export const uninstrumentOpenAI = (): void => last?.uninstrumentVendor('openai');
export const uninstrumentTogether = (): void => last?.uninstrumentVendor('together');

/** The guard whose patches may still be in place. */
let last: Checkrd | null = null;

function instrumentBy(vendor: Vendor, name: string): Instrument {
  return (...clients) => opened(name).instrumentVendor(vendor, ...clients);
}

function opened(name: string): Checkrd {
  if (main === null) throw initError('not_initialized', { name });
  last = main;
  return main;
}

function initError(code: 'already_initialized' | 'not_initialized', facts: Record<string, string>): CheckrdInitError {
  const fault = new Fault(code, facts);
  return new CheckrdInitError(fault.code, fault.message, fault.hint);
}
