/**
 * Events as spans and metrics of OpenTelemetry, through its API alone: sampling, export and resources are the program's own.
 *
 *   in   : `@opentelemetry/api`, given or found beside the program (an optional peer, loaded when a sink is made)
 *   out  : a client span for each call, `checkrd.calls` (a counter), `checkrd.call.duration` (a histogram, milliseconds)
 *   never: exports, flushes or shuts down a provider: it belongs to the program
 *
 * A call with a `traceparent` becomes a child of that span. Names of attributes are those of the semantic conventions where
 * they have one, else `checkrd.*`.
 */
import { createRequire } from 'node:module';
import { Fault } from '../core/fault.js';
import type { TelemetryEvent } from '../core/telemetry/event.js';
import type { TelemetrySink } from '../core/telemetry/sink.js';

type Attributes = Record<string, string | number | boolean>;

interface Span {
  setStatus(status: { code: number; message?: string }): unknown;
  end(endTime?: number): void;
}

/** What is used of `@opentelemetry/api` 1.x. */
export interface OpenTelemetryApi {
  readonly ROOT_CONTEXT: unknown;
  readonly trace: {
    getTracer(name: string): {
      startSpan(
        name: string,
        options: { kind: number; startTime: number; attributes: Attributes },
        context?: never,
      ): Span;
    };
    setSpanContext(
      context: never,
      spanContext: { traceId: string; spanId: string; traceFlags: number; isRemote: boolean },
    ): unknown;
  };
  readonly metrics: {
    getMeter(name: string): {
      createCounter(name: string, options: { description: string }): { add(value: number, of: Attributes): void };
      createHistogram(
        name: string,
        options: { description: string; unit: string },
      ): { record(value: number, of: Attributes): void };
    };
  };
}

const SCOPE = 'checkrd';
/** The numbers of the API, which are part of its promise. */
const KIND_CLIENT = 2;
const STATUS_ERROR = 2;
const SAMPLED = 1;

/** Attribute of each field that a span carries. */
const ATTRIBUTES: readonly (readonly [keyof TelemetryEvent, string])[] = [
  ['request_id', 'checkrd.request_id'],
  ['agent_id', 'checkrd.agent_id'],
  ['policy_result', 'checkrd.policy_result'],
  ['enforced', 'checkrd.enforced'],
  ['code', 'checkrd.code'],
  ['deny_reason', 'checkrd.deny_reason'],
  ['matched_rule', 'checkrd.matched_rule'],
  ['matched_rule_kind', 'checkrd.matched_rule_kind'],
  ['policy_sha256', 'checkrd.policy_sha256'],
  ['result', 'checkrd.result'],
  ['session_id', 'session.id'],
  ['method', 'http.request.method'],
  ['status_code', 'http.response.status_code'],
  ['request_bytes', 'http.request.body.size'],
  ['response_bytes', 'http.response.body.size'],
  ['url_scheme', 'url.scheme'],
  ['url_host', 'server.address'],
  ['url_path', 'url.path'],
  ['tool', 'gen_ai.tool.name'],
  ['gen_ai_model', 'gen_ai.request.model'],
  ['gen_ai_input_tokens', 'gen_ai.usage.input_tokens'],
  ['gen_ai_output_tokens', 'gen_ai.usage.output_tokens'],
];
/** Few values each, so that a metric has few series. */
const SERIES = ['agent_id', 'policy_result', 'code', 'result'] as const;

export class OpenTelemetrySink implements TelemetrySink {
  readonly #api: OpenTelemetryApi;
  readonly #calls: { add(value: number, of: Attributes): void };
  readonly #duration: { record(value: number, of: Attributes): void };

  /**
   * @param api `@opentelemetry/api` as the program imports it; absent: it is looked for.
   * @throws Fault `open_telemetry_missing`
   */
  constructor(api: OpenTelemetryApi = load()) {
    this.#api = api;
    const meter = api.metrics.getMeter(SCOPE);
    this.#calls = meter.createCounter('checkrd.calls', { description: 'Calls that were decided' });
    this.#duration = meter.createHistogram('checkrd.call.duration', {
      description: 'From the decision to the end of the call',
      unit: 'ms',
    });
  }

  enqueue(event: TelemetryEvent): void {
    const series = attributes(
      event,
      SERIES.map(name => [name, `checkrd.${name}`] as const),
    );
    this.#calls.add(1, series);
    if (event.latency_ms !== undefined) this.#duration.record(event.latency_ms, series);
    this.#span(event);
  }

  async close(): Promise<void> {
    // The provider is the program's.
  }

  #span(event: TelemetryEvent): void {
    const { trace, ROOT_CONTEXT } = this.#api;
    const startTime = Date.parse(event.timestamp);
    const options = { kind: KIND_CLIENT, startTime, attributes: attributes(event, ATTRIBUTES) };
    const spanId = event.parent_span_id;
    const parent = { traceId: event.trace_id, spanId: spanId ?? '', traceFlags: SAMPLED, isRemote: true };
    const context = spanId === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT as never, parent);
    const span = trace.getTracer(SCOPE).startSpan(event.span_name, options, context as never);
    if (event.span_status_code === 'ERROR') span.setStatus({ code: STATUS_ERROR, message: event.result ?? '' });
    span.end(startTime + (event.latency_ms ?? 0));
  }
}

function attributes(event: TelemetryEvent, names: readonly (readonly [keyof TelemetryEvent, string])[]): Attributes {
  const found: Attributes = {};
  for (const [field, name] of names) {
    const value = event[field];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function load(): OpenTelemetryApi {
  // From here, then from the program's own folder: a linked package has other neighbours.
  for (const from of [import.meta.url, `${process.cwd()}/`]) {
    try {
      return createRequire(from)('@opentelemetry/api') as OpenTelemetryApi;
    } catch {
      // The next place.
    }
  }
  throw new Fault('open_telemetry_missing');
}
