import { test } from 'node:test';
import { cuts, kills, life } from '../support/power-cut-rounds.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const count = Number(process.env.CUTS ?? 600);

for (const durability of ['fsync', 'write'] as const) {
  for (const signatures of ['checkpoint', 'record'] as const) {
    for (const maxBytes of [2500, null]) {
      const how = `${durability}, signatures ${signatures}, files ${maxBytes === null ? 'renamed' : 'by size'}`;
      test(`${count} power cuts, and a kill after every step (${how}; seed ${seed})`, async t => {
        const of = await life({ durability, signatures, rotation: { maxBytes, daily: false } });
        t.after(of.end);
        const said = await cuts(of, count, seed);
        const killed = await kills(of, 1);
        t.diagnostic(`${of.steps.length} steps, ${killed} kills; ${JSON.stringify(said)}`);
      });
    }
  }
}
