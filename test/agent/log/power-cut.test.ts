// T-65 of THREAT-MODEL.md.
/**
 * Promise: with `fsync` a power cut at any moment loses no record whose caller was told, a kill loses none with `write`
 * either; the log goes on, verifies, and never signs anew what its state was signed for. More of them in `npm run prove`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cuts, kills, life } from '../../support/power-cut-rounds.js';

const SEED = 4;
const BY_SIZE = { maxBytes: 2500, daily: false };
const BY_RENAME = { maxBytes: null, daily: false };

for (const [name, change] of [
  ['fsync, files by size', { durability: 'fsync', rotation: BY_SIZE }],
  ['fsync, files renamed', { durability: 'fsync', rotation: BY_RENAME }],
  ['write, files by size', { durability: 'write', rotation: BY_SIZE }],
] as const) {
  test(`the power goes, and the process is killed (${name}; seed ${SEED})`, async t => {
    const of = await life(change);
    t.after(of.end);
    assert.ok(of.steps.length > 200, `${of.steps.length} steps`);
    const said = await cuts(of, Number(process.env.CUTS ?? 8), Number(process.env.SEED ?? SEED));
    const done = await kills(of, Number(process.env.EVERY ?? 60));
    t.diagnostic(`${of.steps.length} steps, ${of.lines.length} lines, ${done} kills; ${JSON.stringify(said)}`);
  });
}
