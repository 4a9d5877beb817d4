/** Compiles engine/body alone and speaks to it: sections, bodies, answers. */
import type { BodyMatcher, JsonPath } from '#src/core/policy/checked.js';
import { Automata } from '#src/core/policy/program/automata.js';
import { encodeBodySection } from '#src/core/policy/program/body.js';
import { compileEngine } from './compile-engine.js';

/** The part of WebAssembly needed here; without the DOM library nothing declares it. */
interface WasmApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
}
const wasm = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;

export interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  arena(bytes: number): number;
  automataCheck(ptr: number, bytes: number, count: number): number;
  bodySectionCheck(ptr: number, len: number): number;
  bodyScratchBytes(): number;
  bodyInit(scratch: number): void;
  bodyReset(): void;
  bodyOpen(ptr: number, len: number, ctPtr: number, ctLen: number, ctLines: number, encoded: number): void;
  isFormType(ctPtr: number, ctLen: number, ctLines: number): number;
  bodyWantMatcher(i: number): void;
  bodyWantField(j: number): void;
  bodyScan(): void;
  bodyTest(i: number, effect: number): number;
  bodyFieldKey(j: number, out: number): number;
  bodyFormMethodCount(): number;
  bodyFormMethodPtr(k: number): number;
  bodyFormMethodLen(k: number): number;
}

export const ALLOW = 0;
export const DENY = 1;
export const LIMIT = 2;
export const FALSE = 0;
export const UNKNOWN = 1;
export const TRUE = 2;
export const FORM = 'application/x-www-form-urlencoded';
export const JSON_TYPE = 'application/json';

let compiled: object | null = null;

/** Optimized as the engine is that is shipped. */
async function compile(): Promise<object> {
  const from = (): readonly [string, string] => ['engine', 'body/harness.ts'];
  return new wasm.Module(await compileEngine({ by: import.meta.url, flags: ['-O3'], from }));
}

const OUT_BYTES = 512;
const TYPE_BYTES = 4096;

export interface Given {
  readonly body: string | Uint8Array;
  readonly type?: string | null;
  readonly lines?: number;
  readonly encoded?: boolean;
}

export class BodyEngine {
  readonly #e: Exports;
  #section = 0;
  #out = 0;
  #type = 0;
  #body = 0;
  #matchers = 0;
  #fields = 0;

  private constructor(e: Exports) {
    this.#e = e;
  }

  static async make(): Promise<BodyEngine> {
    compiled ??= await compile();
    return new BodyEngine(new wasm.Instance(compiled).exports as unknown as Exports);
  }

  get exports(): Exports {
    return this.#e;
  }

  /** False: the section was refused. */
  load(section: Uint8Array, automata = new Automata()): boolean {
    const tables = automata.encode();
    this.#section = this.#e.arena(section.length + tables.length + 64);
    const tablesAt = this.#section + section.length;
    new Uint8Array(this.#e.memory.buffer).set(section, this.#section);
    new Uint8Array(this.#e.memory.buffer).set(tables, tablesAt);
    if (this.#e.automataCheck(tablesAt, tables.length, automata.count) === 0) return false;
    if (this.#e.bodySectionCheck(this.#section, section.length) === 0) return false;
    const scratch = (tablesAt + tables.length + 15) & ~15;
    const scratchBytes = this.#e.bodyScratchBytes();
    this.#out = scratch + scratchBytes;
    this.#type = this.#out + OUT_BYTES;
    this.#body = this.#type + TYPE_BYTES;
    this.#e.arena(this.#body - this.#section);
    this.#e.bodyInit(scratch);
    return true;
  }

  program(matchers: readonly BodyMatcher[], fields: readonly JsonPath[] = []): this {
    const automata = new Automata();
    const { section } = encodeBodySection({ matchers, fields, automata });
    if (!this.load(section, automata)) throw new Error('the section was refused');
    this.#matchers = matchers.length;
    this.#fields = fields.length;
    return this;
  }

  open({ body, type = JSON_TYPE, lines, encoded = false }: Given): void {
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
    const typeBytes = new TextEncoder().encode(type ?? '');
    this.#e.arena(this.#body + bytes.length + 64 - this.#section);
    const memory = new Uint8Array(this.#e.memory.buffer);
    memory.set(typeBytes, this.#type);
    memory.set(bytes, this.#body);
    const count = lines ?? (type === null ? 0 : 1);
    this.#e.bodyOpen(this.#body, bytes.length, this.#type, typeBytes.length, count, encoded ? 1 : 0);
  }

  /** Wants everything, or the matchers named, and reads. */
  scan(only?: readonly number[]): void {
    for (let i = 0; i < this.#matchers; i++) if (only === undefined || only.includes(i)) this.#e.bodyWantMatcher(i);
    if (only === undefined) for (let j = 0; j < this.#fields; j++) this.#e.bodyWantField(j);
    this.#e.bodyScan();
  }

  judge(given: Given, effect = DENY): number[] {
    this.open(given);
    this.scan();
    return Array.from({ length: this.#matchers }, (_, i) => this.#e.bodyTest(i, effect));
  }

  key(j: number): string {
    const len = this.#e.bodyFieldKey(j, this.#out);
    return Buffer.from(this.#e.memory.buffer, this.#out, len).toString('hex');
  }

  /** null: the form cannot be read. */
  methods(): string[] | null {
    const count = this.#e.bodyFormMethodCount();
    if (count < 0) return null;
    return Array.from({ length: count }, (_, k) => {
      const len = this.#e.bodyFormMethodLen(k);
      return Buffer.from(this.#e.memory.buffer, this.#e.bodyFormMethodPtr(k), len).toString();
    });
  }
}
