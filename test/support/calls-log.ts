/** A log of made-up calls for commands that read logs. */
import { AuditBuilder, testSigner } from './audit-builder.js';

/** A log of calls: each decision with its outcome, in files of `per` calls. */
export function calls(origin: string, count: number, per: number): AuditBuilder {
  const built = new AuditBuilder(origin, testSigner('epoch 0')).started();
  for (let i = 0; i < count; i++) {
    if (i > 0 && i % per === 0) built.turn();
    const allowed = i % 3 !== 0;
    built.add('decision', {
      agent_id: i % 2 === 0 ? 'crm' : 'mail',
      code: allowed ? 'rule_allowed' : 'default_denied',
      enforced: true,
      policy_result: allowed ? 'allow' : 'deny',
      request_id: `r${i}`,
      url_host: i % 4 === 0 ? 'api.example.com' : 'example.org',
      ...(allowed ? { matched_rule: `rule ${i % 5}` } : {}),
    });
    if (allowed) built.add('outcome', { request_id: `r${i}`, result: i % 7 === 0 ? 'error' : 'ok', latency_ms: i });
  }
  return built;
}
