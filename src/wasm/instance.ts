/**
 * One loaded program: strings in by `encodeInto`, one i32 out.
 *
 * A trap is an engine that broke in the middle of something: this decision and every later one of this instance is a denial.
 */
import {
  ENGINE_BROKEN,
  ENGINE_RATE_LIMITED,
  ENGINE_REQUEST_INVALID,
  type EngineAnswer,
} from '../core/decide/answer.js';
import type { HeaderLines, ToolRequest } from '../core/decide/types.js';
import { Fault } from '../core/fault.js';
import { HEADERS_MAX_BYTES } from '../core/limits.js';
import {
  hasShadowRules,
  headerNamesOf,
  type LimitIdentity,
  limitsOf,
  zoneNamesOf,
} from '../core/policy/program/format.js';
import type { DecideWhen, Engine, JudgedBody, JudgedRequest } from './engine.js';
import { AREA, type EngineExports } from './exports.js';
import { exportState, importState } from './limit-state.js';
import { ZoneClock } from './zones.js';

const NEED_BODY = 15;
const BODY_KINDS = { none: 0, unread: 1, bytes: 2, too_large: 3, decoded: 4 } as const;
/** A longer body is copied only after the engine has asked for it. */
const COPY_AT_ONCE_BYTES = 4096;

/** No JSON, so every matcher that looks at it is UNKNOWN. */
const LOST: JudgedBody = { kind: 'bytes', bytes: Uint8Array.of(0x21) };
const NONE: readonly number[] = [];
const NO_TOOL = -1;

/** A header line that stands in the engine's memory. */
interface Line {
  readonly index: number;
  readonly value: string;
  readonly bytes: number;
}

const encoder = new TextEncoder();
const denied = (code: number): EngineAnswer => ({
  needBody: false,
  code,
  ruleIndex: -1,
  uncertain: false,
  retryAfterMs: 0,
  shadowRules: NONE,
});

export class EngineInstance implements Engine {
  readonly headerNames: readonly string[];
  readonly #exports: EngineExports;
  readonly inspectBytes: number;
  readonly #headerIndex: ReadonlyMap<string, number>;
  /** Most headers are of no interest; their length tells most of those apart. */
  readonly #headerLengths: ReadonlySet<number>;
  readonly #limits: readonly LimitIdentity[];
  readonly #hasShadowRules: boolean;
  readonly #at: Readonly<Record<keyof typeof AREA, number>>;
  readonly #sizes: Readonly<Record<keyof typeof AREA, number>>;
  /** Null: the program has no named zones. */
  readonly #zones: ZoneClock | null;
  #memory!: Uint8Array;
  #view!: DataView;
  #methodView!: Uint8Array;
  #urlView!: Uint8Array;
  #agent: string | null = null;
  /** What the method area holds; most calls have the method of the call before. */
  #method = '';
  #methodBytes = 0;
  /** What the header area holds, from its first line on: most calls say `application/json` again. */
  readonly #lines: Line[] = [];
  #broken = false;
  #used = false;

  /** `exports` have loaded `program`. */
  constructor(exports: EngineExports, program: Uint8Array, inspectBytes: number) {
    this.#exports = exports;
    this.inspectBytes = inspectBytes;
    this.headerNames = headerNamesOf(program);
    this.#headerIndex = new Map(this.headerNames.map((name, i) => [name, i]));
    this.#headerLengths = new Set(this.headerNames.map(name => name.length));
    this.#limits = limitsOf(program);
    this.#hasShadowRules = hasShadowRules(program);
    const zones = zoneNamesOf(program);
    this.#zones = zones.some(name => name !== null) ? new ZoneClock(zones) : null;
    const each = (of: (index: number) => number): Readonly<Record<keyof typeof AREA, number>> => ({
      method: of(AREA.method),
      url: of(AREA.url),
      agent: of(AREA.agent),
      headers: of(AREA.headers),
      transfer: of(AREA.transfer),
      body: of(AREA.body),
      tool: of(AREA.tool),
      shadow: of(AREA.shadow),
      zones: of(AREA.zones),
    });
    this.#at = each(i => exports.area(i) >>> 0);
    this.#sizes = each(i => exports.areaBytes(i) >>> 0);
    this.#makeViews();
  }

  decide(request: JudgedRequest, agent: string, when: DecideWhen): EngineAnswer {
    if (this.#broken) return denied(ENGINE_BROKEN);
    this.#used = true;
    try {
      return this.#decide(request, agent, when);
    } catch {
      this.#broken = true;
      return denied(ENGINE_BROKEN);
    }
  }

  settle(charge: boolean): void {
    if (this.#broken) return;
    try {
      this.#exports.settle(charge ? 1 : 0);
    } catch {
      this.#broken = true;
    }
  }

  /** @throws Fault `limit_state_invalid` when the engine broke, so that its counters cannot be trusted. */
  exportLimits(): Uint8Array {
    return this.#transfer(() => exportState(this.#exports, this.#at.transfer, this.#limits));
  }

  /**
   * Only before the first decision.
   * @throws Fault `limit_state_invalid` when `state` is not one; nothing is taken over then.
   * @throws RangeError after a decision; this is a caller bug.
   */
  importLimits(state: Uint8Array): void {
    if (this.#used) throw new RangeError('importLimits: counters are taken over before the first decision');
    this.#transfer(() => importState(this.#exports, this.#at.transfer, this.#limits, state));
    this.#used = true;
  }

  #transfer<T>(move: () => T): T {
    if (this.#broken) throw new Fault('limit_state_invalid', { why: 'the engine that holds them broke' });
    try {
      return move();
    } catch (cause) {
      if (cause instanceof Fault) throw cause;
      this.#broken = true;
      throw new Fault('limit_state_invalid', { why: 'the engine broke over them' }, { cause });
    }
  }

  #decide(request: JudgedRequest, agent: string, when: DecideWhen): EngineAnswer {
    // Memory that has grown leaves the old buffer detached, of length 0.
    if (this.#memory.length === 0) this.#makeViews();
    if (agent !== this.#agent && !this.#setAgent(agent)) return denied(ENGINE_REQUEST_INVALID);
    this.#zones?.write(this.#view, this.#at.zones, when.wallMs);
    if ('tool' in request) return this.#decideTool(request, when);
    const url = write(request.url, this.#urlView);
    const headers = this.#writeHeaders(request.headers);
    if (!this.#writeMethod(request.method) || url < 0 || headers < 0) return denied(ENGINE_REQUEST_INVALID);
    return this.#answer(this.#askWithBody(NO_TOOL, url, headers, request.body, when));
  }

  #decideTool(request: ToolRequest, when: DecideWhen): EngineAnswer {
    const tool = write(request.tool, this.#memory.subarray(this.#at.tool, this.#at.tool + this.#sizes.tool));
    const url = request.url === null ? 0 : write(request.url, this.#urlView);
    if (!this.#writeMethod(request.method) || tool < 0 || url < 0) return denied(ENGINE_REQUEST_INVALID);
    return this.#answer(this.#askWithBody(tool, url, 0, request.args.kind === 'lost' ? LOST : request.args, when));
  }

  #askWithBody(tool: number, url: number, headers: number, body: JudgedBody, when: DecideWhen): number {
    if (body.kind !== 'bytes' && body.kind !== 'decoded') {
      return this.#ask(tool, url, headers, BODY_KINDS[body.kind], 0, when);
    }
    const { bytes } = body;
    if (bytes.length > this.inspectBytes) return this.#ask(tool, url, headers, BODY_KINDS.too_large, 0, when);
    if (bytes.length > COPY_AT_ONCE_BYTES) {
      const first = this.#ask(tool, url, headers, BODY_KINDS.unread, 0, when);
      if ((first & 15) !== NEED_BODY) return first;
      if (this.#memory.length === 0) this.#makeViews();
    }
    this.#memory.set(bytes, this.#at.body);
    return this.#ask(tool, url, headers, BODY_KINDS[body.kind], bytes.length, when);
  }

  #ask(tool: number, url: number, headers: number, kind: number, length: number, when: DecideWhen): number {
    // The engine forgets the name of a tool with its answer.
    if (tool !== NO_TOOL) this.#exports.tool(tool);
    return this.#exports.decide(
      this.#methodBytes,
      url,
      headers,
      kind,
      length,
      when.wallMs,
      when.monotonicMs,
      when.permissive === true ? 1 : 0,
      when.hold === true ? 1 : 0,
    );
  }

  #answer(packed: number): EngineAnswer {
    const code = packed & 15;
    return {
      needBody: code === NEED_BODY,
      code,
      ruleIndex: (packed >>> 5) - 1,
      uncertain: (packed & 16) !== 0,
      retryAfterMs: code === ENGINE_RATE_LIMITED ? this.#exports.retryAfter() >>> 0 : 0,
      shadowRules: this.#hasShadowRules ? this.#shadowRules() : NONE,
    };
  }

  #shadowRules(): readonly number[] {
    const view = new DataView(this.#exports.memory.buffer, this.#at.shadow);
    const count = view.getUint32(0, true);
    return count === 0 ? NONE : Array.from({ length: count }, (_, i) => view.getUint32(4 + i * 4, true));
  }

  #setAgent(agent: string): boolean {
    this.#agent = null;
    const length = write(agent, this.#memory.subarray(this.#at.agent, this.#at.agent + this.#sizes.agent));
    if (length < 0 || this.#exports.agent(length) === 0) return false;
    this.#agent = agent;
    return true;
  }

  #writeMethod(method: string): boolean {
    if (method === this.#method) return true;
    const bytes = write(method, this.#methodView);
    this.#method = bytes < 0 ? '' : method;
    this.#methodBytes = bytes < 0 ? 0 : bytes;
    return bytes >= 0;
  }

  /** Lines that the program reads, as [index, length, bytes]; how many bytes, or -1 when there are too many. */
  #writeHeaders(lines: HeaderLines): number {
    if (this.#headerIndex.size === 0) return 0;
    const start = this.#at.headers;
    const end = start + this.#sizes.headers;
    let at = start;
    let counted = 0;
    let k = 0;
    for (const [name, value] of lines) {
      if (!this.#headerLengths.has(name.length)) continue;
      // Most hosts hand over lower-case names; folding one costs more than looking it up.
      const index = this.#headerIndex.get(name) ?? this.#headerIndex.get(name.toLowerCase());
      if (index === undefined) continue;
      if (end - at < 8) return -1;
      const line = this.#lines[k];
      let length = 0;
      if (line !== undefined && line.index === index && line.value === value) length = line.bytes;
      else {
        // From here on the area no longer holds what it held.
        this.#lines.length = k;
        length = write(value, this.#memory.subarray(at + 8, end));
        if (length < 0) return -1;
        this.#view.setUint32(at, index, true);
        this.#view.setUint32(at + 4, length, true);
        this.#lines.push({ index, value, bytes: length });
      }
      counted += name.length + length;
      if (counted > HEADERS_MAX_BYTES) return -1;
      at += 8 + length;
      k++;
    }
    return at - start;
  }

  #makeViews(): void {
    this.#memory = new Uint8Array(this.#exports.memory.buffer);
    this.#view = new DataView(this.#exports.memory.buffer);
    this.#methodView = this.#memory.subarray(this.#at.method, this.#at.method + this.#sizes.method);
    this.#urlView = this.#memory.subarray(this.#at.url, this.#at.url + this.#sizes.url);
  }
}

/** UTF-8 of `text` into `area`; how many bytes, or -1 when they do not fit. */
function write(text: string, area: Uint8Array): number {
  const { read, written } = encoder.encodeInto(text, area);
  return read === text.length ? written : -1;
}
