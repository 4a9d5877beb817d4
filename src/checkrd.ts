/**
 * The library's class: opens an agent, hands out guarded fetches and tools, closes it.
 *
 *   in   : options as the program writes them
 *   out  : `wrap`, `guardTool`, `withOptions`, `run`, `healthy`, `close`
 *   never: decides; resolves settings (the opener joins options, environment and file)
 */
import { openLibrary } from './agent/open-library.js';
import type { Agent, AgentHealth, AgentLifecycle, CallContext, OpenAgent, SecurityMode } from './agent/types.js';
import type { TelemetrySink } from './core/telemetry/sink.js';
import { type CallerOptions, Callers, type Claim } from './transports/caller.js';
import type { OnDenied } from './transports/fetch/denied.js';
import { wrapFetch } from './transports/fetch/wrap-fetch.js';
import { type GuardOptions, readOptions, readOverrides } from './transports/guard-options.js';
import type { BeforeRequestHook, DecisionHook } from './transports/hooks.js';
import { guardClients, releaseClients } from './transports/instrument/clients.js';
import {
  agentClosed,
  type FetchGuard,
  instrumentedBy,
  instrumentFetch,
  uninstrumentFetch,
} from './transports/instrument/process-fetch.js';
import { VENDOR_NAMES, type Vendor } from './transports/instrument/vendors.js';
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

/** What `withOptions` takes; what is absent or undefined stays as it is. */
export interface GuardOverrides extends CallerOptions {
  readonly onAllow?: DecisionHook | undefined;
  readonly onDeny?: DecisionHook | undefined;
  readonly beforeRequest?: BeforeRequestHook | undefined;
  readonly onDenied?: OnDenied | undefined;
}

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

export class Checkrd {
  readonly #agent: Agent & AgentLifecycle;
  #own: GuardOptions;
  #callers: Callers;
  /** What `withOptions` said of the caller. */
  #claim: Claim = {};
  /** False: made by `withOptions`. */
  #isWhole = true;

  /**
   * Opens everything at once; when this returns, calls are decided and recorded.
   *
   * @throws CheckrdInitError for an unknown or unusable option, and when any part cannot be had. Nothing is left open.
   */
  constructor(options: CheckrdOptions = {}, open: OpenAgent = openLibrary) {
    const { own, rest } = readOptions(options, OPENER_OPTIONS);
    this.#own = own;
    this.#agent = open({ options: rest, env: process.env, telemetrySink: own.telemetrySink });
    this.#callers = new Callers(this.#agent);
  }

  /**
   * A guard beside this one, with the same policy, switch, counters and log, for another caller or with other hooks.
   * Closing it closes nothing.
   *
   * @throws CheckrdInitError for an option that is unknown, unusable or the whole's, and for an ID that is none.
   */
  withOptions(overrides: GuardOverrides): Checkrd {
    const { own, rest } = readOverrides(overrides, OPENER_OPTIONS);
    const claim = this.#callers.claim(rest);
    const guard = new Checkrd({}, () => this.#agent);
    guard.#own = {
      hooks: { ...this.#own.hooks, ...own.hooks },
      onDenied: own.onDenied ?? this.#own.onDenied,
      telemetrySink: null,
    };
    guard.#callers = this.#callers;
    guard.#claim = { ...this.#claim, ...claim };
    guard.#isWhole = false;
    return guard;
  }

  /**
   * Calls `act` and returns what it returns. Calls that it starts through guards of this `Checkrd`, now or later, are made for
   * this agent and session; a guard that `withOptions` gave an ID keeps it. Contexts nest.
   *
   * @throws CheckrdInitError for an ID that is none; then `act` is not called.
   */
  run<T>(caller: CallerOptions, act: () => T): T {
    return this.#callers.run(this.#callers.claim(caller), act);
  }

  /**
   * A fetch whose calls are decided and recorded, otherwise as `base` (default: the global one).
   * It rejects with CheckrdPolicyDenied, or answers 403 with `onDenied: 'response'`.
   */
  wrap(base: typeof fetch = globalThis.fetch): typeof fetch {
    if (typeof base !== 'function') throw new TypeError('wrap takes a fetch function');
    return this.#wrap(base, this.#own.onDenied ?? 'throw');
  }

  /** As {@link wrap}, for programs that await it. */
  async wrapAsync(base: typeof fetch = globalThis.fetch): Promise<typeof fetch> {
    return this.wrap(base);
  }

  #wrap(base: typeof fetch, onDenied: OnDenied): typeof fetch {
    return wrapFetch(this.#agent, base, {
      agentId: this.#agent.agentId,
      caller: () => this.#callers.current(this.#claim),
      strict: this.#agent.securityMode === 'strict',
      hooks: this.#own.hooks,
      onDenied,
    });
  }

  /**
   * Guards the process's `fetch`, which every SDK uses: every call of it is decided, whoever makes it. A denial is a 403 unless
   * `onDenied` was given. Idempotent; `uninstrument` gives it back.
   *
   * @throws CheckrdInitError `already_instrumented`: another Checkrd guards the process.
   */
  instrument(): void {
    instrumentFetch(this.#fetchGuard, VENDOR_NAMES);
  }

  /** Gives the process, and every client that was handed in, the fetch back that it had. Idempotent. */
  uninstrument(): void {
    const vendors = instrumentedBy(this.#agent);
    uninstrumentFetch(vendors);
    releaseClients(vendors);
  }

  /**
   * As `instrument`, in the name of one SDK. A client that was made before keeps the fetch of then: hand it in.
   *
   * @throws CheckrdInitError `already_instrumented`, or `client_not_guardable`.
   */
  instrumentVendor(vendor: Vendor, ...clients: readonly unknown[]): void {
    instrumentFetch(this.#fetchGuard, [vendor]);
    guardClients(this.#fetchGuard, vendor, clients);
  }

  uninstrumentVendor(vendor: Vendor): void {
    if (!instrumentedBy(this.#agent).includes(vendor)) return;
    uninstrumentFetch([vendor]);
    releaseClients([vendor]);
  }

  instrumentAnthropic(...clients: readonly unknown[]): void {
    this.instrumentVendor('anthropic', ...clients);
  }
  instrumentCohere(...clients: readonly unknown[]): void {
    this.instrumentVendor('cohere', ...clients);
  }
  instrumentGoogleGenAI(...clients: readonly unknown[]): void {
    this.instrumentVendor('google-genai', ...clients);
  }
  instrumentGroq(...clients: readonly unknown[]): void {
    this.instrumentVendor('groq', ...clients);
  }
  instrumentMistral(...clients: readonly unknown[]): void {
    this.instrumentVendor('mistral', ...clients);
  }
  instrumentOpenAI(...clients: readonly unknown[]): void {
    this.instrumentVendor('openai', ...clients);
  }
  instrumentTogether(...clients: readonly unknown[]): void {
    this.instrumentVendor('together', ...clients);
  }

  get #fetchGuard(): FetchGuard {
    return {
      agent: this.#agent,
      hooks: this.#own.hooks,
      claim: () => this.#callers.said(this.#claim),
      wrap: base => this.#wrap(base, this.#own.onDenied ?? 'response'),
    };
  }

  /**
   * A function that calls `tool` when the policy lets it: decided and recorded as a call of the tool `name`. The arguments
   * are copied through JSON; the copy is what the policy sees and what the tool is given. The promise rejects with
   * CheckrdPolicyDenied for a call that is denied, and for one that the kill switch overtakes; `signal` fires then too.
   */
  guardTool<A, T>(name: string, tool: (args: A, context: ToolContext) => T): (args: A) => Promise<Awaited<T>> {
    if (typeof name !== 'string' || typeof tool !== 'function')
      throw new TypeError('guardTool takes a name and a function');
    const caller = (): CallContext => this.#callers.current(this.#claim);
    return guardTool(this.#agent, name, tool, { agentId: this.#agent.agentId, caller, hooks: this.#own.hooks });
  }

  /** How policy, log and switch are now. Never throws. */
  healthy(): AgentHealth {
    return this.#agent.health();
  }

  /** Writes the last records and lets go of the files; calls that come later are refused. Idempotent. */
  close(): Promise<void> {
    if (!this.#isWhole) return Promise.resolve();
    agentClosed(this.#agent);
    return this.#agent.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
