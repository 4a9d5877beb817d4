/** A log of decisions in a folder of its own, signed by a key of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { FlatRecord } from '#src/core/audit/canonical.js';
import { toBase64 } from '#src/core/bytes.js';
import { AuditBuilder, testSigner } from './audit-builder.js';
import { fileOf } from './verify-bytes.js';

export interface LogOfCalls {
  readonly folder: string;
  /** Its files, in order. */
  readonly files: readonly string[];
  readonly key: string;
  /** Writes a file beside it; its path. */
  write(name: string, text: string): string;
}

/** A decision as `GET api.example.com/v1/{id}`, with what else is said of it (an empty text takes a field away); an empty string begins the next file. */
export type Call = string | readonly [call: string, fields: FlatRecord];

export function logOfCalls(t: TestContext, calls: readonly Call[]): LogOfCalls {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-calls-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const signer = testSigner('calls');
  const log = new AuditBuilder('host/crm-agent/0123456789abcdef', signer).started();
  for (const call of calls) {
    if (call === '') log.turn();
    else log.add('decision', decisionOf(call));
  }
  log.checkpoint();
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const files = log.files.map((lines, i) => write(`audit.${i}.jsonl`, fileOf(lines).toString()));
  return { folder, files, key: toBase64(signer.publicKey), write };
}

function decisionOf(call: Call): FlatRecord {
  const [words, more] = typeof call === 'string' ? [call, {}] : call;
  const space = words.indexOf(' ');
  const [method, address] = [words.slice(0, space), words.slice(space + 1)];
  const slash = address.indexOf('/');
  const [host, path] = slash < 0 ? [address, '/'] : [address.slice(0, slash), address.slice(slash)];
  const fields: FlatRecord = {
    ...{ agent_id: 'crm-agent', policy_result: 'allow', enforced: true, code: 'rule_allowed', matched_rule: 'old' },
    ...{ matched_rule_kind: 'allow', method, url_scheme: 'https', url_host: host, url_path: path },
    ...more,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}
