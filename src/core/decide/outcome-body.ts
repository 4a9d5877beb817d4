/**
 * The body of the daemon's /v1/outcome: how a call ended, in the words of whoever made it.
 * Strict as a batch line is: unknown keys and other types are errors.
 */
import type { Usage } from '../outcome/usage.js';
import type { BatchError } from './batch-line.js';

export interface OutcomeBody {
  readonly requestId: string;
  readonly result: 'ok' | 'error' | 'aborted';
  readonly statusCode: number | null;
  /** Milliseconds as the caller measured them. */
  readonly latencyMs: number | null;
  readonly requestBytes: number | null;
  readonly responseBytes: number | null;
  /** What a model's answer said of itself; null: nothing was given. */
  readonly usage: Usage | null;
}

export type ReadOutcome =
  | { readonly ok: true; readonly outcome: OutcomeBody }
  | { readonly ok: false; readonly error: BatchError };

const COUNTS = ['status_code', 'latency_ms', 'request_bytes', 'response_bytes', 'input_tokens', 'output_tokens'];
const KEYS = ['request_id', 'result', ...COUNTS, 'model'];
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Never throws. */
export function readOutcome(text: string): ReadOutcome {
  const bad = (code: BatchError['code'], message: string): ReadOutcome => ({ ok: false, error: { code, message } });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return bad('bad_json', 'the body is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return bad('wrong_type', 'the body is an object');
  const given = parsed as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(given))
    if (!KEYS.includes(key)) return bad('unknown_key', `an outcome has ${KEYS.join(', ')}`);
  const { request_id: requestId, result } = given;
  if (requestId === undefined) return bad('missing_key', 'the outcome has no `request_id`');
  if (typeof requestId !== 'string' || !UUID.test(requestId))
    return bad('bad_value', '`request_id` is as /v1/decide gave it');
  if (result === undefined) return bad('missing_key', 'the outcome has no `result`');
  if (result !== 'ok' && result !== 'error' && result !== 'aborted')
    return bad('bad_value', '`result` is ok, error or aborted');
  if (Object.hasOwn(given, 'model') && typeof given.model !== 'string') return bad('wrong_type', '`model` is a string');
  for (const key of COUNTS) {
    if (Object.hasOwn(given, key) && !isCount(given[key]))
      return bad('wrong_type', `\`${key}\` is a whole number, not negative`);
  }
  const status = given.status_code;
  if (isCount(status) && (status < 100 || status > 599)) return bad('bad_value', '`status_code` is 100 to 599');
  const number = (key: string): number | null => {
    const value = given[key];
    return isCount(value) ? value : null;
  };
  return {
    ok: true,
    outcome: {
      requestId,
      result,
      statusCode: number('status_code'),
      latencyMs: number('latency_ms'),
      requestBytes: number('request_bytes'),
      responseBytes: number('response_bytes'),
      usage: usageOf(given),
    },
  };
}

function usageOf({
  model,
  input_tokens: input,
  output_tokens: output,
}: Readonly<Record<string, unknown>>): Usage | null {
  if (model === undefined && input === undefined && output === undefined) return null;
  return {
    ...(typeof model === 'string' ? { model } : {}),
    ...(isCount(input) ? { inputTokens: input } : {}),
    ...(isCount(output) ? { outputTokens: output } : {}),
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
