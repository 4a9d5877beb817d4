// T-81 of THREAT-MODEL.md.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileObject } from '#src/agent/compile.js';
import { engineModule } from '../support/engine.js';

const OPTIONS = { inspectBytes: 1024 };
const WHEN = { wallMs: 1_767_780_000_000, monotonicMs: 1_000 };

function programOf(rules: number): Uint8Array {
  const list = Array.from({ length: rules }, (_, i) => ({
    name: `r${i}`,
    allow: { method: ['GET'], url: `https://h${i >> 4}.example/v1/*/p${i}` },
  }));
  const compiled = compileObject(JSON.stringify({ default: 'deny', rules: list }));
  assert.ok(compiled.ok);
  return compiled.program;
}

const request = (i: number) =>
  ({
    method: 'GET',
    url: `https://h${i >> 4}.example/v1/x/p${i}`,
    headers: [],
    body: { kind: 'none' },
  }) as const;

suite('a program taken in slices', () => {
  test('decides as one that was taken at once, and lets others have their turns meanwhile', async () => {
    const program = programOf(20_000);
    let turns = 0;
    let over = false;
    const count = () => {
      turns += 1;
      if (!over) setImmediate(count);
    };
    setImmediate(count);
    const later = await engineModule().instantiateLater(program, OPTIONS);
    over = true;
    const once = engineModule().instantiate(program, OPTIONS);
    for (const i of [0, 1, 9_999, 19_999, 20_000]) {
      assert.deepEqual(later.decide(request(i), 'a', WHEN), once.decide(request(i), 'a', WHEN));
    }
    // A turn for every megabyte, and for every 16,384 rows of all sections together.
    const least = program.length / 2 ** 20 + 20_000 / 16_384;
    assert.ok(turns > least, `${turns} turns for ${program.length} bytes`);
  });

  test('one that is not sound is refused, wherever it is spoilt', async () => {
    const program = programOf(20_000);
    for (const share of [0, 0.1, 0.25, 0.5]) {
      const spoilt = program.slice();
      const at = Math.floor(spoilt.length * share);
      spoilt.fill(0xfe, at, at + 4096);
      const once = (() => {
        try {
          engineModule().instantiate(spoilt, OPTIONS);
        } catch (error) {
          return error;
        }
        return null;
      })();
      assert.ok(once instanceof Error, `spoilt at ${share}`);
      await assert.rejects(engineModule().instantiateLater(spoilt, OPTIONS), {
        code: 'engine_program_refused',
        message: once.message,
      });
    }
  });
});
