/** Policies as text, requests as short objects, answers as short strings: for tests of what the engine decides. */
import assert from 'node:assert/strict';
import { ENGINE_CODES } from '#src/core/decide/answer.js';
import type { ActionRequest, Body, HeaderLines, ToolArgs } from '#src/core/decide/types.js';
import type { CheckedPolicy } from '#src/core/policy/checked.js';
import { compileProgram } from '#src/core/policy/compile.js';
import { readPolicy } from '#src/core/policy/read.js';
import type { Engine } from '#src/wasm/engine.js';
import { type EngineModule, loadEngine } from '#src/wasm/module.js';

let module: EngineModule | null = null;

export function engineModule(): EngineModule {
  module ??= loadEngine();
  return module;
}

export function policyOf(yaml: string): CheckedPolicy {
  const reading = readPolicy(new TextEncoder().encode(`${yaml.trim()}\n`), 'yaml');
  assert.ok(reading.ok, reading.ok ? '' : `${JSON.stringify(reading.issues)} in\n${yaml}`);
  return reading.policy;
}

export function programOf(policy: CheckedPolicy): Uint8Array {
  const compiled = compileProgram(policy);
  assert.ok(compiled.ok, 'the policy compiles');
  return compiled.program;
}

export interface Loaded {
  readonly policy: CheckedPolicy;
  readonly engine: Engine;
}

export function load(yaml: string, inspectBytes = 65_536): Loaded {
  const policy = policyOf(yaml);
  return { policy, engine: engineModule().instantiate(programOf(policy), { inspectBytes }) };
}

export interface Ask {
  readonly method?: string;
  /** `new URL(url).href` is what the engine gets, unless `raw`. Only a call of a tool may be without. */
  readonly url?: string;
  readonly raw?: boolean;
  readonly headers?: HeaderLines;
  /** A string is sent as its bytes. */
  readonly body?: string | Body;
  /** The name of a tool: then `args` stands for the body. */
  readonly tool?: string;
  readonly args?: string | ToolArgs;
  readonly agent?: string;
  /** Wall clock, RFC 3339. */
  readonly at?: string;
  /** Monotonic clock in milliseconds. */
  readonly ms?: number;
  /** Guess about a body over the limit. */
  readonly permissive?: boolean;
}

/**
 * `code`, then `rule` where there is one, then `?` where it is uncertain, then the wait, then the shadow rules that would have
 * fired: `rule_denied no-deletes ? (trial)`.
 */
export function decide({ policy, engine }: Loaded, ask: Ask): string {
  const answer = engine.decide(requestOf(ask), ask.agent ?? 'default', {
    wallMs: Date.parse(ask.at ?? '2026-01-07T12:00:00Z'),
    monotonicMs: ask.ms ?? 0,
    permissive: ask.permissive ?? false,
  });
  if (answer.needBody) return 'need_body';
  const parts: string[] = [ENGINE_CODES[answer.code] ?? 'broken'];
  const rule = policy.rules[answer.ruleIndex];
  if (rule !== undefined) parts.push(rule.name);
  if (answer.uncertain) parts.push('?');
  if (answer.retryAfterMs > 0) parts.push(String(answer.retryAfterMs));
  if (answer.shadowRules.length > 0) parts.push(`(${answer.shadowRules.map(i => policy.rules[i]?.name).join(' ')})`);
  return parts.join(' ');
}

function requestOf(ask: Ask): ActionRequest {
  const { url = null, tool, args = { kind: 'none' } } = ask;
  const href = url === null || ask.raw ? url : new URL(url).href;
  if (tool !== undefined) {
    const given: ToolArgs = typeof args === 'string' ? { kind: 'bytes', bytes: new TextEncoder().encode(args) } : args;
    return { tool, args: given, method: ask.method ?? 'POST', url: href };
  }
  return { method: ask.method ?? 'GET', url: href ?? '', headers: ask.headers ?? [], body: bodyOf(ask.body) };
}

function bodyOf(body: Ask['body']): Body {
  if (body === undefined) return { kind: 'none' };
  return typeof body === 'string' ? { kind: 'bytes', bytes: new TextEncoder().encode(body) } : body;
}

/** A policy of one allow and one deny with the same matcher: which of them fires tells the matcher's value in both effects. */
export function both(matcher: string): { readonly allow: Loaded; readonly deny: Loaded } {
  return {
    allow: load(`default: deny\nrules:\n  - name: r\n    allow: ${matcher}\n`),
    deny: load(`default: allow\nrules:\n  - name: r\n    deny: ${matcher}\n`),
  };
}

/** `T` both fire, `F` neither, `U` the deny fires and is uncertain, `D` only the deny fires, for certain; else the codes. */
export function value(pair: ReturnType<typeof both>, ask: Ask): string {
  const allow = decide(pair.allow, ask);
  const deny = decide(pair.deny, ask);
  if (allow === 'rule_allowed r' && deny === 'rule_denied r') return 'T';
  if (allow === 'default_denied' && deny === 'default_allowed') return 'F';
  if (allow === 'default_denied' && deny === 'rule_denied r ?') return 'U';
  if (allow === 'default_denied' && deny === 'rule_denied r') return 'D';
  return `${allow} / ${deny}`;
}
