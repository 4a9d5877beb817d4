// T-18 of THREAT-MODEL.md.
/** T-04: under 2,000 decisions a second, a policy file that flips every 50 ms never mixes two policies in one decision. */
import { test } from 'node:test';
import { underLoad } from '../support/reload/under-load.js';

test('every record is explained by the policy it names', t =>
  underLoad(t, { decisions: 10_000, swaps: 12, flipMs: 50 }));
