/** Engines that are not the pinned one: rebuilt ones that decide alike, and ones that must never decide. */
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sha256Hex } from '#src/core/brand.js';
import { ENGINE_PAYLOAD_TYPE, engineStatementText } from '#src/core/trust/engine-payload.js';
import { ENGINE_ABI, ENGINE_PATH } from '#src/wasm/module.js';
import { compileEngine } from './compile-engine.js';
import { envelopeBy, type TestKey } from './signing-keys.js';

export const pinnedBytes = (): Buffer => readFileSync(ENGINE_PATH);

export const digest = (bytes: Uint8Array): Sha256Hex => createHash('sha256').update(bytes).digest('hex') as Sha256Hex;

/** The same code under another digest: a custom section is appended, which no engine looks at. */
export function relabelled(bytes: Uint8Array, label: string): Buffer {
  const name = Buffer.from(label);
  return Buffer.concat([bytes, Uint8Array.of(0, name.length + 1, name.length), name]);
}

/** As the pinned one, but for what `abi()` answers. */
export function otherAbi(): Buffer {
  const bytes = pinnedBytes();
  // The body of a function without locals that answers a constant.
  const body = Buffer.from([4, 0, 0x41, ENGINE_ABI, 0x0b]);
  const at = bytes.indexOf(body);
  if (at < 0 || bytes.indexOf(body, at + 1) >= 0) throw new Error('abi() is no longer where it was');
  bytes[at + 3] = ENGINE_ABI + 1;
  return bytes;
}

/** `(module (import "a" "b" (func)))`. */
export const importing = (): Buffer =>
  Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x61, 1, 0x62, 0, 0]);

/** `(module)`. */
export const empty = (): Buffer => Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

const ODD = { sound: 0, flips: 1, hangs: 2, traps: 3, flips_odd_methods: 4 } as const;
const MARK = [0xc3, 0x5a, 0x99, 0x01, 0xfe, 0x33, 0x77, 0xd1];
/** What `flips_odd_methods` allows and the corpus does not ask. */
export const ODD_METHOD = 'QUERYXX';

/**
 * Compiles the engine's sources once, with a switch in them; each of the ways is then a byte in a data segment.
 * `sound` decides as the pinned one does, and is another file.
 */
export async function oddEngines(): Promise<(way: keyof typeof ODD) => Buffer> {
  const compiled = await oddEngine();
  const at = compiled.indexOf(Buffer.from(MARK));
  if (at < 0) throw new Error('the mark is not in the engine');
  return way => {
    const bytes = Buffer.from(compiled);
    bytes[at + MARK.length] = ODD[way];
    return bytes;
  };
}

function oddEngine(): Promise<Buffer> {
  return compileEngine({
    by: import.meta.url,
    from: scratch => {
      const sources = join(scratch, 'engine');
      cpSync('engine', sources, { recursive: true, filter: from => !/\.(mjs|jsonl)$/.test(from) });
      putSwitch(join(sources, 'decide.ts'));
      return [sources, 'index.ts'];
    },
  });
}

function putSwitch(decide: string): void {
  const text = readFileSync(decide, 'utf8');
  const [, parameters = ''] = /^export function decideRequest\(([^)]*)\)/m.exec(text) ?? [];
  const names = [...parameters.matchAll(/(\w+):/g)].map(([, name]) => name);
  if (!names.includes('methodLen')) throw new Error('decideRequest is no longer where it was');
  const odd = `methodLen == ${ODD_METHOD.length} && load<u8>(methodArea) == ${ODD_METHOD.charCodeAt(0)}`;
  writeFileSync(
    decide,
    `import { methodArea } from './memory';
${text.replace('export function decideRequest(', 'function soundRequest(')}
const WAY: usize = memory.data<u8>([${[...MARK, 0].join(', ')}]);
export function decideRequest(${parameters}): i32 {
  const way = load<u8>(WAY + ${MARK.length});
  if (way == ${ODD.hangs}) while (true) {}
  if (way == ${ODD.traps}) unreachable();
  const flips = way == ${ODD.flips} || (way == ${ODD.flips_odd_methods} && ${odd});
  const said = soundRequest(${names.join(', ')});
  return flips && (said & 15) == 7 ? (said & ~15) | 2 : said;
}
`,
  );
}

/** What trusted keys say of an engine; `change` puts other members in. */
export function engineEnvelope(
  bytes: Uint8Array,
  keys: readonly TestKey[],
  change: Readonly<Record<string, unknown>> = {},
): string {
  const statement = { sha256: digest(bytes), abi: ENGINE_ABI, issued: '2026-01-01T00:00:00Z' };
  const payload = JSON.stringify({ ...(JSON.parse(engineStatementText(statement)) as object), ...change });
  return envelopeBy(keys, ENGINE_PAYLOAD_TYPE, payload);
}
