/** From a policy's bytes to its first decision: the swap of engines, and the check of a file. */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { compileObject } from '#src/agent/compile.js';
import { BODY_INSPECT_DEFAULT_BYTES } from '#src/core/limits.js';
import { compileProgram } from '#src/core/policy/compile.js';
import { readPolicy } from '#src/core/policy/read.js';
import { ENGINE_PATH, loadEngine } from '#src/wasm/module.js';
import { blockPolicy } from './block-policy.js';
import { compare, print, ratio, time } from './measure.js';
import { task, taskPolicy } from './peers.js';

const RULES = 10_000;
const REQUEST = {
  method: 'POST',
  url: 'https://api0.example.com/v1/abc/resource0',
  headers: [],
  body: { kind: 'none' },
} as const;
const CLOCK = { wallMs: 1_767_780_000_000, monotonicMs: 1_000 };

export function benchSwap(): void {
  const { rules } = task(RULES);
  const compiled = compileObject(taskPolicy(rules));
  if (!compiled.ok) throw new Error(compiled.issues[0]?.message);
  const { program } = compiled;
  const ours = loadEngine();
  const bare = new WebAssembly.Module(readFileSync(ENGINE_PATH));
  const [swap, copy] = compare(
    [
      {
        name: 'swap',
        run: () =>
          ours.instantiate(program, { inspectBytes: BODY_INSPECT_DEFAULT_BYTES }).decide(REQUEST, 'a', CLOCK).code,
      },
      {
        name: 'copy',
        run: () => {
          const { exports } = new WebAssembly.Instance(bare);
          const { memory, reserve } = exports as { memory: WebAssembly.Memory; reserve(a: number, b: number): number };
          const at = reserve(program.length, BODY_INSPECT_DEFAULT_BYTES) >>> 0;
          new Uint8Array(memory.buffer).set(program, at);
          return at;
        },
      },
    ],
    20,
    9,
  ).map(row => row.ns) as [number, number];

  const text = blockPolicy(RULES);
  const bytes = new TextEncoder().encode(text);
  const [check, yaml] = compare(
    [
      {
        name: 'check',
        run: () => {
          const read = readPolicy(bytes, 'yaml');
          return read.ok && compileProgram(read.policy).ok;
        },
      },
      { name: 'yaml', run: () => parseDocument(text).errors.length },
    ],
    1,
    5,
  ).map(row => row.ns) as [number, number];
  print(`a policy of ${RULES} rules`, [
    `swap: program (${(program.length / 1e6).toFixed(1)} MB) to first decision ${time(swap)}, instantiating and copying alone ${time(copy)}: ${ratio(swap, copy)}`,
    `check: ${(bytes.length / 1e6).toFixed(1)} MB of YAML to a program ${time(check)}, the yaml package alone ${time(yaml)}: ${ratio(check, yaml)} (expected ≤ 1.5×)`,
  ]);
}
