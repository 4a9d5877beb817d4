// T-76, T-79 of THREAT-MODEL.md.
import { test } from 'node:test';
import { neverInForce } from '../support/swapped-trust.js';

test('a policy whose signer is not trusted while it stands there is never in force, some hundred swaps', t =>
  neverInForce(t, 300, 600_000));
