/**
 * The options that the edges read themselves; the rest is the opener's, as it was written.
 *
 *   in   : what the program wrote
 *   out  : hooks, sink and form of denial, each read once
 *   never: accepts a name that no option has
 */
import { CheckrdInitError } from '../agent/errors.js';
import { nearest } from '../core/policy/suggest.js';
import type { TelemetrySink } from '../core/telemetry/sink.js';
import type { OnDenied } from './fetch/denied.js';
import type { Hooks } from './hooks.js';

export interface GuardOptions {
  readonly hooks: Hooks;
  /** Null: not said. */
  readonly onDenied: OnDenied | null;
  readonly telemetrySink: TelemetrySink | null;
}

const OWN_OPTIONS = {
  onAllow: { ok: isFunction, want: 'a function' },
  onDeny: { ok: isFunction, want: 'a function' },
  beforeRequest: { ok: isFunction, want: 'a function' },
  telemetrySink: { ok: isSink, want: 'an object with `enqueue` and `close`' },
  onDenied: { ok: (value: unknown) => value === 'throw' || value === 'response', want: '`throw` or `response`' },
} as const;

/** Of each call, and so of each guard; the others belong to the whole. */
const CALL_OPTIONS = ['onAllow', 'onDeny', 'beforeRequest', 'onDenied'];
const CALLER_OPTIONS = ['agentId', 'sessionId'];

/**
 * Reads each option once.
 *
 * @param others Names that are not read here.
 * @throws CheckrdInitError `option_unknown` or `option_invalid`
 */
export function readOptions(
  options: unknown,
  others: readonly string[],
): { readonly own: GuardOptions; readonly rest: Record<string, unknown> } {
  return read(options, [...Object.keys(OWN_OPTIONS), ...others]);
}

/**
 * As {@link readOptions}, for a guard beside another: what belongs to the whole is refused. `rest` has what says who calls.
 *
 * @param whole Names of options that only the whole has.
 */
export function readOverrides(
  options: unknown,
  whole: readonly string[],
): { readonly own: GuardOptions; readonly rest: Record<string, unknown> } {
  const names = [...CALLER_OPTIONS, ...CALL_OPTIONS];
  for (const key of isObject(options) ? Object.keys(options) : []) {
    if (names.includes(key) || (!whole.includes(key) && !Object.hasOwn(OWN_OPTIONS, key))) continue;
    const hint = `open another Checkrd for it; withOptions takes ${names.join(', ')}`;
    throw new CheckrdInitError('option_invalid', `option \`${key}\` belongs to the whole Checkrd`, hint);
  }
  return read(options, names);
}

function read(
  options: unknown,
  names: readonly string[],
): { readonly own: GuardOptions; readonly rest: Record<string, unknown> } {
  if (!isObject(options)) {
    throw new CheckrdInitError('option_invalid', 'options: want an object', 'write new Checkrd({ … })');
  }
  const own: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    if (!names.includes(key)) {
      const meant = nearest(key, names);
      const hint = meant === null ? `the options are ${names.join(', ')}` : `did you mean \`${meant}\`?`;
      throw new CheckrdInitError('option_unknown', `no option has the name \`${key}\``, hint);
    }
    if (value === undefined) continue;
    if (!Object.hasOwn(OWN_OPTIONS, key)) {
      rest[key] = value;
      continue;
    }
    const { ok, want } = OWN_OPTIONS[key as keyof typeof OWN_OPTIONS];
    if (!ok(value)) throw new CheckrdInitError('option_invalid', `option \`${key}\`: want ${want}`, null);
    own[key] = value;
  }
  const { onDenied = null, telemetrySink = null, ...hooks } = own;
  return {
    own: { hooks, onDenied: onDenied as OnDenied | null, telemetrySink: telemetrySink as TelemetrySink | null },
    rest,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSink(value: unknown): boolean {
  const { enqueue, close } = (value ?? {}) as { readonly enqueue?: unknown; readonly close?: unknown };
  return isFunction(enqueue) && isFunction(close);
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
