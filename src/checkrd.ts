/**
 * The library's class: opens an agent, hands out guarded fetches and tools, closes it.
 *
 *   in   : options as the program writes them
 *   out  : `wrap`, `guardTool`, `healthy`, `close`
 *   never: decides; resolves settings (the opener joins options, environment and file)
 */
import { CheckrdInitError } from './agent/errors.js';
import { openLibrary } from './agent/open-library.js';
import type { Agent, AgentHealth, AgentLifecycle, OpenAgent, SecurityMode } from './agent/types.js';
import { nearest } from './core/policy/suggest.js';
import type { TelemetrySink } from './core/telemetry/sink.js';
import type { OnDenied } from './transports/fetch/denied.js';
import { wrapFetch } from './transports/fetch/wrap-fetch.js';
import type { BeforeRequestHook, DecisionHook } from './transports/hooks.js';
import { guardTool, type ToolContext } from './transports/tool/guard-tool.js';

/** Everything is optional; what is absent or undefined comes from the environment, the settings file or the default. */
export interface CheckrdOptions {
  /** Who calls: `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`. */
  readonly agentId?: string | undefined;
  /** Path of the policy file, or the policy itself. */
  readonly policy?: string | Readonly<Record<string, unknown>> | undefined;
  /** False: the file is read once. Default true. */
  readonly policyWatch?: boolean | undefined;
  /** Path of the kill switch; false: none. */
  readonly killswitchFile?: string | false | undefined;
  /** Path of the audit log. */
  readonly auditLog?: string | undefined;
  /** False: denials are recorded and let through. Default true. */
  readonly enforce?: boolean | undefined;
  /** Default `strict`. */
  readonly securityMode?: SecurityMode | undefined;
  /** Folder of policy, switch, keys, state and log. Default `~/.checkrd`. */
  readonly configDir?: string | undefined;
  /** Path of this agent's socket at a daemon, which then writes the records. */
  readonly daemonRecords?: string | undefined;
  /** While that daemon takes no records: `deny` (default) calls, or go on with a `local` log. */
  readonly daemonOnLoss?: 'deny' | 'local' | undefined;
  /** Told of each call that the policy allows; nobody waits for it. */
  readonly onAllow?: DecisionHook | undefined;
  /** Told of each call that is denied; nobody waits for it. */
  readonly onDeny?: DecisionHook | undefined;
  /** Asked before the policy: `false` refuses, `null` skips the policy. Has one second. */
  readonly beforeRequest?: BeforeRequestHook | undefined;
  /** Gets an event for each call after it has ended: a copy for dashboards, not the log. */
  readonly telemetrySink?: TelemetrySink | undefined;
  /** `throw` (default) or `response`: a 403 that SDKs do not retry. */
  readonly onDenied?: OnDenied | undefined;
}

/** What this file looks at itself; the rest is the opener's. */
const OWN_OPTIONS = {
  onAllow: { ok: isFunction, want: 'a function' },
  onDeny: { ok: isFunction, want: 'a function' },
  beforeRequest: { ok: isFunction, want: 'a function' },
  telemetrySink: { ok: isSink, want: 'an object with `enqueue` and `close`' },
  onDenied: { ok: (value: unknown) => value === 'throw' || value === 'response', want: '`throw` or `response`' },
} as const;
const OPENER_OPTIONS = [
  'agentId',
  'policy',
  'policyWatch',
  'killswitchFile',
  'auditLog',
  'enforce',
  'securityMode',
  'configDir',
  'daemonRecords',
  'daemonOnLoss',
];
const OPTIONS = [...Object.keys(OWN_OPTIONS), ...OPENER_OPTIONS];

interface OwnOptions {
  readonly hooks: { onAllow?: DecisionHook; onDeny?: DecisionHook; beforeRequest?: BeforeRequestHook };
  readonly onDenied: OnDenied;
  readonly telemetrySink: TelemetrySink | null;
}

export class Checkrd {
  readonly #agent: Agent & AgentLifecycle;
  readonly #own: OwnOptions;

  /**
   * Opens everything at once; when this returns, calls are decided and recorded.
   *
   * @throws CheckrdInitError for an unknown or unusable option, and when any part cannot be had. Nothing is left open.
   */
  constructor(options: CheckrdOptions = {}, open: OpenAgent = openLibrary) {
    const { own, rest } = readOptions(options);
    this.#own = own;
    this.#agent = open({ options: rest, env: process.env, telemetrySink: own.telemetrySink });
  }

  /**
   * A fetch whose calls are decided and recorded, otherwise as `base` (default: the global one).
   * It rejects with CheckrdPolicyDenied, or answers 403 with `onDenied: 'response'`.
   */
  wrap(base: typeof fetch = globalThis.fetch): typeof fetch {
    if (typeof base !== 'function') throw new TypeError('wrap takes a fetch function');
    return wrapFetch(this.#agent, base, {
      agentId: this.#agent.agentId,
      strict: this.#agent.securityMode === 'strict',
      hooks: this.#own.hooks,
      onDenied: this.#own.onDenied,
    });
  }

  /**
   * A function that calls `tool` when the policy lets it: decided and recorded as a call of the tool `name`. The arguments
   * are copied through JSON; the copy is what the policy sees and what the tool is given. The promise rejects with
   * CheckrdPolicyDenied for a call that is denied, and for one that the kill switch overtakes; `signal` fires then too.
   */
  guardTool<A, T>(name: string, tool: (args: A, context: ToolContext) => T): (args: A) => Promise<Awaited<T>> {
    if (typeof name !== 'string' || typeof tool !== 'function')
      throw new TypeError('guardTool takes a name and a function');
    return guardTool(this.#agent, name, tool, { agentId: this.#agent.agentId, hooks: this.#own.hooks });
  }

  /** How policy, log and switch are now. Never throws. */
  healthy(): AgentHealth {
    return this.#agent.health();
  }

  /** Writes the last records and lets go of the files; calls that come later are refused. Idempotent. */
  close(): Promise<void> {
    return this.#agent.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Reads each option once. @throws CheckrdInitError `option_unknown` or `option_invalid`. */
function readOptions(options: unknown): { own: OwnOptions; rest: Record<string, unknown> } {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new CheckrdInitError('option_invalid', 'options: want an object', 'write new Checkrd({ … })');
  }
  const own: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    if (!OPTIONS.includes(key)) {
      const meant = nearest(key, OPTIONS);
      const hint = meant === null ? `the options are ${OPTIONS.join(', ')}` : `did you mean \`${meant}\`?`;
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
  const { onDenied = 'throw', telemetrySink = null, ...hooks } = own;
  const sink = telemetrySink as TelemetrySink | null;
  return { own: { hooks, onDenied: onDenied as OnDenied, telemetrySink: sink }, rest };
}

function isSink(value: unknown): boolean {
  const { enqueue, close } = (value ?? {}) as { readonly enqueue?: unknown; readonly close?: unknown };
  return isFunction(enqueue) && isFunction(close);
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
