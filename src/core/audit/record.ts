/**
 * A record's fields become its line.
 *
 *   in   : what the author gives, and where the record stands (log, seq, prev, time)
 *   out  : the RFC 8785 line without its newline, at most AUDIT_LINE_MAX_BYTES of UTF-8
 *   never: a field that fields.ts does not name, a string that text.ts would not let pass
 *
 * `decision` and `outcome` stand on the path of every call and are written out by hand in key order; a property test holds
 * them equal to {@link recordLineByTable}, which serves every other type.
 */
import type { Ed25519Sign, Sha256Text } from '../ports.js';
import { canonicalLine, type FlatValue } from './canonical.js';
import { FIELD_NAMES } from './field-names.js';
import type { DecisionFields, OutcomeFields, RecordFields } from './fields.js';
import { signRecord } from './record-signature.js';
import { auditText, boundedText, CLAIM, SPAN_ID, TRACE_ID } from './text.js';

/** Where a record stands. */
export interface Place {
  readonly log: string;
  readonly seq: number;
  readonly prev: string;
  /** RFC 3339 UTC with milliseconds. */
  readonly time: string;
}

const PATH_MAX_BYTES = 2048;
/** Needs no escape in JSON and none of ours. */
const PLAIN = /^[ !#-[\]-~]*$/;

export function recordLine(sha256Text: Sha256Text, place: Place, record: RecordFields): string {
  switch (record.type) {
    case 'decision':
      return decisionLine(place, withPathDigest(sha256Text, record));
    case 'outcome':
      return outcomeLine(place, record);
    default:
      return canonicalLine(recordFields(place, record));
  }
}

/** As {@link recordLine} for any type, slower: what the hand-written lines are held against. */
export function recordLineByTable(sha256Text: Sha256Text, place: Place, record: RecordFields): string {
  const whole = record.type === 'decision' ? withPathDigest(sha256Text, record) : record;
  return canonicalLine(recordFields(place, whole));
}

/** As {@link recordLine}, with `sig` by `sign`. */
export function signedRecordLine(
  sha256Text: Sha256Text,
  sign: Ed25519Sign,
  place: Place,
  record: RecordFields,
): string {
  const fields = recordFields(place, record.type === 'decision' ? withPathDigest(sha256Text, record) : record);
  return canonicalLine({ ...fields, sig: signRecord(sign, fields) });
}

/** The flat record as it will stand in the file. */
export function recordFields(place: Place, record: RecordFields): Record<string, FlatValue> {
  const given = record as unknown as Readonly<Record<string, unknown>>;
  const fields: Record<string, FlatValue> = {};
  for (const name of FIELD_NAMES[record.type] as readonly string[]) {
    const value = given[name];
    if (typeof value === 'string') fields[name] = auditText(name, value);
    else if (typeof value === 'number') fields[name] = whole(value);
    else if (typeof value === 'boolean') fields[name] = value;
  }
  return { ...fields, v: 1, log: place.log, seq: place.seq, prev: place.prev, time: place.time };
}

/** The digest of a path that will be cut, so that two long paths stay apart. */
function withPathDigest(sha256Text: Sha256Text, record: DecisionFields): DecisionFields {
  const path = record.url_path;
  if (path === undefined || path.length <= PATH_MAX_BYTES / 4 || record.url_path_sha256 !== undefined) return record;
  return isCut(path) ? { ...record, url_path_sha256: sha256Text(path) } : record;
}

/** A unit of a string is at least one byte, so that a path of megabytes is not looked at. */
const isCut = (path: string): boolean =>
  path.length > PATH_MAX_BYTES || boundedText(path, Number.POSITIVE_INFINITY) !== auditText('url_path', path);

/** Numbers in records are integers; a clock that gives fractions must not cost a call. */
function whole(n: number): number {
  if (Number.isSafeInteger(n)) return n;
  if (Number.isNaN(n)) return 0;
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Math.round(n)));
}

/** `"value"`; `max` is the field's bound where plain ASCII needs no more than a length check. */
function token(name: string, value: string, max: number): string {
  return value.length <= max && PLAIN.test(value) ? `"${value}"` : JSON.stringify(auditText(name, value));
}

const claim = (value: string): string => (CLAIM.test(value) ? `"${value}"` : '"invalid"');
const traceId = (value: string): string => (TRACE_ID.test(value) ? `"${value}"` : '"invalid"');
const spanId = (value: string): string => (SPAN_ID.test(value) ? `"${value}"` : '"invalid"');

function decisionLine(p: Place, r: DecisionFields): string {
  let s = `{"agent_id":${claim(r.agent_id)},"code":${token('code', r.code, 128)},"decision_ns":${whole(r.decision_ns)}`;
  s += `,"enforced":${r.enforced === true},"instance_id":${token('instance_id', r.instance_id, 128)},"log":"${p.log}"`;
  if (r.matched_rule !== undefined) s += `,"matched_rule":${token('matched_rule', r.matched_rule, 128)}`;
  s += `,"matched_rule_kind":${token('matched_rule_kind', r.matched_rule_kind, 128)}`;
  if (r.method !== undefined) s += `,"method":${token('method', r.method, 128)}`;
  if (r.parent_request_id !== undefined)
    s += `,"parent_request_id":${token('parent_request_id', r.parent_request_id, 128)}`;
  if (r.parent_span_id !== undefined) s += `,"parent_span_id":${spanId(r.parent_span_id)}`;
  if (r.policy_agent !== undefined) s += `,"policy_agent":${token('policy_agent', r.policy_agent, 128)}`;
  if (r.policy_layer !== undefined) s += `,"policy_layer":${token('policy_layer', r.policy_layer, 128)}`;
  if (r.policy_mode !== undefined) s += `,"policy_mode":${token('policy_mode', r.policy_mode, 128)}`;
  s += `,"policy_result":${token('policy_result', r.policy_result, 128)}`;
  if (r.policy_sha256 !== undefined) s += `,"policy_sha256":${token('policy_sha256', r.policy_sha256, 64)}`;
  s += `,"prev":"${p.prev}"`;
  if (r.reported !== undefined) s += `,"reported":${r.reported === true}`;
  s += `,"request_id":${token('request_id', r.request_id, 128)},"seq":${p.seq}`;
  if (r.session_id !== undefined) s += `,"session_id":${claim(r.session_id)}`;
  if (r.shadow_rules !== undefined) s += `,"shadow_rules":${token('shadow_rules', r.shadow_rules, 512)}`;
  s += `,"span_id":${spanId(r.span_id)},"span_name":${token('span_name', r.span_name, 512)}`;
  s += `,"time":"${p.time}"${r.tool === undefined ? '' : `,"tool":${claim(r.tool)}`},"trace_id":${traceId(r.trace_id)},"type":"decision"`;
  if (r.uncertain !== undefined) s += `,"uncertain":${r.uncertain === true}`;
  if (r.url_host !== undefined) s += `,"url_host":${token('url_host', r.url_host, 255)}`;
  if (r.url_path !== undefined) s += `,"url_path":${token('url_path', r.url_path, PATH_MAX_BYTES)}`;
  if (r.url_path_sha256 !== undefined) s += `,"url_path_sha256":${token('url_path_sha256', r.url_path_sha256, 64)}`;
  if (r.url_scheme !== undefined) s += `,"url_scheme":${token('url_scheme', r.url_scheme, 128)}`;
  return `${s},"v":1}`;
}

function outcomeLine(p: Place, r: OutcomeFields): string {
  let s = '{';
  if (r.agent_id !== undefined) s += `"agent_id":${claim(r.agent_id)},`;
  if (r.cost_microusd !== undefined) s += `"cost_microusd":${whole(r.cost_microusd)},`;
  if (r.input_tokens !== undefined) s += `"input_tokens":${whole(r.input_tokens)},`;
  if (r.instance_id !== undefined) s += `"instance_id":${token('instance_id', r.instance_id, 128)},`;
  s += `"latency_ms":${whole(r.latency_ms)},"log":"${p.log}"`;
  if (r.model !== undefined) s += `,"model":${claim(r.model)}`;
  if (r.output_tokens !== undefined) s += `,"output_tokens":${whole(r.output_tokens)}`;
  s += `,"prev":"${p.prev}"`;
  if (r.reported !== undefined) s += `,"reported":${r.reported === true}`;
  if (r.request_bytes !== undefined) s += `,"request_bytes":${whole(r.request_bytes)}`;
  s += `,"request_id":${token('request_id', r.request_id, 128)}`;
  if (r.response_bytes !== undefined) s += `,"response_bytes":${whole(r.response_bytes)}`;
  s += `,"result":${token('result', r.result, 128)},"seq":${p.seq}`;
  if (r.status_code !== undefined) s += `,"status_code":${whole(r.status_code)}`;
  return `${s},"time":"${p.time}","type":"outcome","v":1}`;
}
