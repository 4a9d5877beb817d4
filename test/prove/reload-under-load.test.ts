/** As test/integration/reload-under-load.test.ts, for as long as it takes. */
import { test } from 'node:test';
import { underLoad } from '../support/reload/under-load.js';

test('100,000 decisions under 1,000 reloads: each is explained by the policy it names', t =>
  underLoad(t, { decisions: 100_000, swaps: 1_000, flipMs: 50 }));
