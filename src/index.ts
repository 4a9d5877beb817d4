/** The library's face: re-exports only. */
export { CheckrdInitError, CheckrdPolicyDenied, findPolicyDenied, isCheckrdPolicyDenied } from './agent/errors.js';
export type { AgentHealth, SecurityMode } from './agent/types.js';
export { Checkrd, type CheckrdOptions } from './checkrd.js';
export type { DecisionCode } from './core/decide/types.js';
export type { OnDenied } from './transports/fetch/denied.js';
export type { BeforeRequestHook, DecisionEvent, DecisionHook, RequestEvent } from './transports/hooks.js';
