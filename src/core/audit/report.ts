/**
 * What a library hands the daemon of its own records (`POST /v1/records`):
 *
 *   {"instance_id": "<16 hex>", "first": N, "records": [{"type": …}, …]}
 *
 *   in   : the text of a body, and whose socket it came through
 *   out  : the records as the daemon's log shall have them, or what is wrong with the first that is not right; all or none
 *   never: a type that only a log writes about itself, a field that {@link FIELD_NAMES} does not have, another agent's name
 *
 * `first` counts the records of the instance; what was sent twice is known by it. Strict as a batch line is.
 */
import type { AgentId } from '../brand.js';
import { DECISION_CODES } from '../decide/types.js';
import { countNames } from '../json/source.js';
import { REPORT_MAX_RECORDS } from '../limits.js';
import { rfc3339Ms } from '../time/rfc3339.js';
import { FIELD_NAMES } from './field-names.js';
import type { AgentRecord } from './fields.js';

export interface Report {
  readonly instanceId: string;
  /** Number of the first record among all of this instance, from 0. */
  readonly first: number;
  /** May be empty: a question whether records are taken. */
  readonly records: readonly AgentRecord[];
}

export interface ReportError {
  readonly code:
    | 'agent_mismatch'
    | 'bad_json'
    | 'bad_value'
    | 'duplicate_key'
    | 'missing_key'
    | 'unknown_key'
    | 'wrong_type';
  readonly message: string;
}

export type ReadReport =
  | { readonly ok: true; readonly report: Report }
  | { readonly ok: false; readonly error: ReportError };

type Json = Readonly<Record<string, unknown>>;
type Form = 'text' | 'token' | 'count' | 'integer' | 'flag' | 'sha256' | 'time' | readonly string[];

/** What each type must have; whatever else its row of FIELD_NAMES names it may have. The rest is the log's own to write. */
const MUST: Readonly<Record<string, string>> = {
  decision:
    'request_id policy_result enforced code matched_rule_kind trace_id span_id span_name decision_ns agent_id instance_id',
  outcome: 'request_id result latency_ms',
  policy_loaded: 'policy_sha256 path',
  policy_rejected: 'path error',
  kill_engaged: 'source scope',
  kill_released: 'source scope',
  engine_loaded: 'engine_sha256',
  engine_rejected: 'engine_sha256',
  operator_action: 'action',
  agent_started: 'agent_id instance_id version node mode pid',
  agent_stopped: 'agent_id instance_id',
  clock_jumped: 'by_ms',
  records_dropped: 'count since',
};

const FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ...all('sha256', 'policy_sha256 engine_sha256 url_path_sha256'),
  ...all('token', 'signed_by'),
  ...all('time', 'file_time since'),
  ...all('flag', 'enforced uncertain'),
  ...all('count', 'decision_ns status_code latency_ms request_bytes response_bytes input_tokens output_tokens'),
  ...all('count', 'cost_microusd rules version line column owner_uid by_uid aborted abort_ms abi pid count'),
  ...all('integer', 'by_ms'),
  ['policy_result', ['allow', 'deny']],
  ['code', DECISION_CODES],
  ['matched_rule_kind', ['allow', 'deny', 'limit', 'default', 'kill_switch', 'system']],
  ['policy_mode', ['enforce', 'dry_run']],
  ['result', ['ok', 'error', 'aborted', 'killed', 'killed_late']],
  ['sink', ['telemetry']],
]);
/** The version of checkrd is a text, that of a policy a number. */
const formOf = (type: string, name: string): Form =>
  type === 'agent_started' && name === 'version' ? 'text' : (FORMS.get(name) ?? 'text');

const SHA256 = /^[0-9a-f]{64}$/;
const TOKEN = /^[A-Za-z0-9+/=,._:@-]{1,512}$/;
const INSTANCE_ID = /^[0-9a-f]{16}$/;
const KEYS = ['instance_id', 'first', 'records'];

function all(form: Form, names: string): [string, Form][] {
  return names.split(' ').map(name => [name, form]);
}

/** @param owner The agent of the socket. Never throws. */
export function readReport(text: string, owner: AgentId): ReadReport {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return bad('bad_json', 'the body is not JSON');
  }
  if (!isObject(parsed)) return bad('wrong_type', 'the body is an object');
  for (const key of Object.keys(parsed))
    if (!KEYS.includes(key)) return bad('unknown_key', `it has ${KEYS.join(', ')}`);
  for (const key of KEYS) if (parsed[key] === undefined) return bad('missing_key', `there is no \`${key}\``);
  const { instance_id: instanceId, first, records } = parsed;
  if (typeof instanceId !== 'string' || !INSTANCE_ID.test(instanceId))
    return bad('bad_value', '`instance_id` is 16 hexadecimal digits');
  if (!Array.isArray(records)) return bad('wrong_type', '`records` is a list');
  if (records.length > REPORT_MAX_RECORDS) return bad('bad_value', `\`records\` has at most ${REPORT_MAX_RECORDS}`);
  if (!isCount(first) || !isCount(first + records.length)) return bad('wrong_type', '`first` is a whole number');

  let names = KEYS.length;
  for (const [i, record] of records.entries()) {
    const wrong = isObject(record)
      ? wrongWith(record, owner, instanceId)
      : ({ code: 'wrong_type', message: 'a record is an object' } as const);
    if (wrong !== null) return bad(wrong.code, `record ${i}: ${wrong.message}`);
    names += Object.keys(record as Json).length;
  }
  if (countNames(text) !== names) return bad('duplicate_key', 'a key is given twice');
  const taken = records.map(record => ({
    ...(record as AgentRecord),
    agent_id: owner,
    instance_id: instanceId,
    reported: true,
  }));
  return { ok: true, report: { instanceId, first, records: taken } };
}

function wrongWith(record: Json, owner: AgentId, instanceId: string): ReportError | null {
  const { type } = record;
  if (typeof type !== 'string') return { code: 'missing_key', message: 'it has no `type`' };
  if (!Object.hasOwn(MUST, type)) return { code: 'bad_value', message: '`type` is none that a library reports' };
  const may = FIELD_NAMES[type as AgentRecord['type']] as readonly string[];
  for (const [name, value] of Object.entries(record)) {
    // `reported` is the daemon's word.
    if (!may.includes(name) || name === 'reported')
      return { code: 'unknown_key', message: `${type} has no such field to report` };
    if (name !== 'type' && !hasForm(formOf(type, name), value))
      return { code: 'bad_value', message: `\`${name}\` has not the form it must have` };
  }
  for (const name of (MUST[type] as string).split(' '))
    if (record[name] === undefined) return { code: 'missing_key', message: `${type} has no \`${name}\`` };
  if (record.agent_id !== undefined && record.agent_id !== owner)
    return { code: 'agent_mismatch', message: `this socket belongs to agent '${owner}'` };
  if (record.instance_id !== undefined && record.instance_id !== instanceId)
    return { code: 'bad_value', message: '`instance_id` is another than that of the report' };
  return null;
}

function hasForm(form: Form, value: unknown): boolean {
  switch (form) {
    case 'text':
      return typeof value === 'string';
    case 'token':
      return typeof value === 'string' && TOKEN.test(value);
    case 'flag':
      return typeof value === 'boolean';
    case 'count':
      return isCount(value);
    case 'integer':
      return Number.isSafeInteger(value);
    case 'sha256':
      return typeof value === 'string' && SHA256.test(value);
    case 'time':
      return typeof value === 'string' && rfc3339Ms(value) !== null;
    default:
      return typeof value === 'string' && form.includes(value);
  }
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const bad = (code: ReportError['code'], message: string): ReadReport => ({ ok: false, error: { code, message } });
