/** Break glass as keys of the test's own sign it. */
import { BREAK_GLASS_TYPE } from '#src/core/trust/break-glass.js';
import { envelopeBy, type TestKey, testKey } from './signing-keys.js';

export const ANN = testKey(1);
export const BOB = testKey(2);
export const EVE = testKey(66);

export interface GlassSays {
  readonly agents?: unknown;
  readonly issued?: unknown;
  readonly expires?: unknown;
  readonly reason?: unknown;
}

export const fromNow = (ms: number, nowMs = Date.now()): string => new Date(nowMs + ms).toISOString();

/** Fifteen minutes for everybody from now on, unless `says` says otherwise; undefined leaves a member out. */
export function glassPayload(says: GlassSays & Readonly<Record<string, unknown>> = {}, nowMs = Date.now()): string {
  return JSON.stringify({
    agents: ['*'],
    issued: fromNow(0, nowMs),
    expires: fromNow(15 * 60_000, nowMs),
    reason: 'upstream moved its host',
    ...says,
  });
}

export function glassBy(
  keys: readonly TestKey[],
  says: GlassSays & Readonly<Record<string, unknown>> = {},
  nowMs = Date.now(),
  type = BREAK_GLASS_TYPE,
): string {
  return envelopeBy(keys, type, glassPayload(says, nowMs));
}
