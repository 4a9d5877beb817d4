// T-65 of THREAT-MODEL.md.
/** Promise: with `fsync` a power cut at any moment loses no record whose caller was told; a kill loses none at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cuts, kills, life } from '../../support/power-cut-rounds.js';

const SEED = 4;

test(`power cuts (seed ${SEED}) and kills`, async t => {
  const of = await life({ durability: 'fsync', rotation: { maxBytes: 2500, daily: false } });
  t.after(of.end);
  t.diagnostic(`${of.steps.length} steps, ${of.told.length} told, ${of.lines.length} lines`);
  const said = await cuts(of, Number(process.env.CUTS ?? 60), Number(process.env.SEED ?? SEED));
  t.diagnostic(JSON.stringify(said));
  const done = await kills(of, 1);
  t.diagnostic(`${done} kills`);
  assert.ok(done > 0);
});
