/**
 * The span that is active in the program, as the parent of a call that carries no `traceparent` of its own.
 *
 *   in   : `@opentelemetry/api`, if the program has it and has set it up
 *   out  : a call's context with the active span as its parent
 *   never: loads the API where nobody uses it, starts a span, changes a request, lets a failure of it reach a call
 *
 * @see OpenTelemetry JS, "API registration": every copy of version 1 shares one registry on the global object.
 */
import { createRequire } from 'node:module';
import type { CallContext } from '../agent/types.js';
import { readTraceparent } from './traceparent.js';

/** What is used of `@opentelemetry/api` 1.x. */
interface TraceApi {
  readonly context: { active(): unknown };
  readonly trace: {
    getSpanContext(
      context: unknown,
    ): { readonly traceId: string; readonly spanId: string; readonly traceFlags: number } | undefined;
  };
}

const REGISTRY = Symbol.for('opentelemetry.js.api.1');

/** Null: not to be had. Undefined: not looked for yet. */
let api: TraceApi | null | undefined;

/** `context` as it is where it has a parent already, or where no span is active. */
export function inActiveTrace(context: CallContext): CallContext {
  if (context.traceparent !== undefined || !(REGISTRY in globalThis)) return context;
  const traceparent = activeTraceparent();
  return traceparent === undefined ? context : { ...context, traceparent };
}

function activeTraceparent(): string | undefined {
  try {
    if (api === undefined) api = load();
    const span = api?.trace.getSpanContext(api.context.active());
    if (span === undefined) return undefined;
    const flags = (span.traceFlags & 0xff).toString(16).padStart(2, '0');
    return readTraceparent(`00-${span.traceId}-${span.spanId}-${flags}`);
  } catch {
    // Tracing must not cost a call.
    return undefined;
  }
}

function load(): TraceApi | null {
  // From here, then from the program's own folder: a linked package has other neighbours.
  for (const from of [import.meta.url, `${process.cwd()}/`]) {
    try {
      return createRequire(from)('@opentelemetry/api') as TraceApi;
    } catch {
      // The next place.
    }
  }
  return null;
}
