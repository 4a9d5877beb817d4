/** The library's face: re-exports only. */

export type { Way, WayCoverage, WayState } from './agent/coverage.js';
export { CheckrdInitError, CheckrdPolicyDenied, findPolicyDenied, isCheckrdPolicyDenied } from './agent/errors.js';
export type { AgentHealth, SecurityMode } from './agent/types.js';
export { Checkrd, type CheckrdOptions, type GuardOverrides } from './checkrd.js';
export type { DecisionCode } from './core/decide/types.js';
export type { TelemetryEvent } from './core/telemetry/event.js';
export type { TelemetrySink } from './core/telemetry/sink.js';
export {
  healthy,
  init,
  instrument,
  instrumentAnthropic,
  instrumentCohere,
  instrumentGoogleGenAI,
  instrumentGroq,
  instrumentMistral,
  instrumentOpenAI,
  instrumentTogether,
  run,
  shutdown,
  uninstrument,
  uninstrumentAnthropic,
  uninstrumentCohere,
  uninstrumentGoogleGenAI,
  uninstrumentGroq,
  uninstrumentMistral,
  uninstrumentOpenAI,
  uninstrumentTogether,
  wrap,
  wrapAsync,
} from './process-guard.js';
export { ConsoleSink } from './sinks/console.js';
export { JsonFileSink } from './sinks/json-file.js';
export { type OpenTelemetryApi, OpenTelemetrySink } from './sinks/open-telemetry.js';
export type { CallerOptions } from './transports/caller.js';
export type { OnDenied } from './transports/fetch/denied.js';
export type { BeforeRequestHook, DecisionEvent, DecisionHook, RequestEvent } from './transports/hooks.js';
export type { ToolContext } from './transports/tool/guard-tool.js';
