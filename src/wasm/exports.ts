/** What the engine exports (engine/index.ts), typed. Addresses are byte offsets in its memory. */
export interface EngineExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  abi(): number;
  reserve(bytes: number, inspectBytes: number): number;
  check(rows: number): number;
  load(): number;
  agent(bytes: number): number;
  tool(bytes: number): void;
  decide(
    methodLen: number,
    urlLen: number,
    headerLen: number,
    bodyKind: number,
    bodyLen: number,
    wallMs: number,
    monotonicMs: number,
    permissive: number,
    hold: number,
  ): number;
  settle(charge: number): void;
  retryAfter(): number;
  area(index: number): number;
  areaBytes(index: number): number;
  exportClock(): number;
  exportStart(limit: number): void;
  exportKey(): number;
  exportStamps(): number;
  importClock(ms: number): void;
  importKey(limit: number, bytes: number): number;
  importStamps(count: number): number;
}

export const AREA = {
  ...{ method: 0, url: 1, agent: 2, headers: 3, transfer: 4, body: 5, zones: 6, tool: 7, shadow: 8 },
} as const;

const FUNCTIONS = [
  'abi',
  'reserve',
  'check',
  'load',
  'agent',
  'tool',
  'decide',
  'settle',
  'retryAfter',
  'area',
  'areaBytes',
  'exportClock',
  'exportStart',
  'exportKey',
  'exportStamps',
  'importClock',
  'importKey',
  'importStamps',
] as const satisfies readonly (keyof EngineExports)[];

/** The exports, when all of them are there. */
export function isEngineExports(given: object): given is EngineExports {
  const table = given as Record<string, unknown>;
  return table.memory instanceof WebAssembly.Memory && FUNCTIONS.every(name => typeof table[name] === 'function');
}
