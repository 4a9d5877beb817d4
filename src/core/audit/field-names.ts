/**
 * Which fields each record type may carry: the allowlist of fields.ts as values, so that it holds at run time too.
 * `v`, `log`, `seq`, `prev` and `time` come from the log and stand in every record.
 */
import type { RecordFields } from './fields.js';

type Type = RecordFields['type'];
type FieldsOf<T extends Type, R = RecordFields> = R extends { readonly type: infer U }
  ? T extends U
    ? R
    : never
  : never;
type Names = { readonly [T in Type]: readonly (keyof FieldsOf<T>)[] };

/** What the daemon adds to a record that was handed to it. */
const by = ['agent_id', 'instance_id', 'reported'] as const;
const policy = ['type', 'policy_sha256', 'path', ...by] as const;
const kill = ['type', 'source', 'scope', 'reason', 'owner_uid', 'file_time', 'aborted', 'abort_ms', ...by] as const;
const engine = ['type', 'engine_sha256', 'abi', 'error', ...by] as const;

export const FIELD_NAMES: Names = {
  decision: [
    ...(['type', 'request_id', 'parent_request_id', 'agent_id', 'instance_id', 'policy_result', 'enforced'] as const),
    ...([
      'code',
      'matched_rule',
      'matched_rule_kind',
      'policy_layer',
      'shadow_rules',
      'uncertain',
      'policy_mode',
    ] as const),
    ...(['policy_sha256', 'policy_agent', 'method', 'url_scheme', 'url_host', 'url_path', 'url_path_sha256'] as const),
    ...([
      'tool',
      'session_id',
      'trace_id',
      'span_id',
      'parent_span_id',
      'span_name',
      'decision_ns',
      'reported',
    ] as const),
  ],
  outcome: [
    ...(['type', 'request_id', 'result', 'status_code', 'latency_ms', 'request_bytes', 'response_bytes'] as const),
    ...(['model', 'input_tokens', 'output_tokens', 'cost_microusd', ...by] as const),
  ],
  policy_loaded: [...policy, 'rules', 'version', 'signed_by'],
  policy_rejected: [...policy, 'error', 'line', 'column'],
  kill_engaged: kill,
  kill_released: kill,
  engine_loaded: engine,
  engine_rejected: engine,
  operator_action: ['type', 'action', 'by_uid', 'reason', ...by],
  agent_started: ['type', 'version', 'node', 'mode', 'pid', ...by],
  agent_stopped: ['type', 'reason', ...by],
  clock_jumped: ['type', 'by_ms', ...by],
  records_dropped: ['type', 'sink', 'count', 'since', ...by],
  disk_reserve: ['type', 'state', 'bytes'],
  segment_removed: ['type', 'name', 'size', 'head'],
  log_started: ['type', 'alg', 'public_key', 'key_id', 'previous_log', 'endorsed_by', 'endorsement'],
  segment_opened: ['type', 'segment', 'reason', 'size', 'frontier', 'public_key', 'key_id', 'nonce'],
  recovered: ['type', 'cause', 'from', 'to', 'bytes', 'sha256'],
  checkpoint: ['type', 'size', 'head', 'root', 'key_id', 'note', 'sig'],
  key_rotated: ['type', 'epoch', 'key_id', 'public_key', 'signature', 'sig'],
  segment_closed: ['type', 'size', 'head'],
};
