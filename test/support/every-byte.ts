/**
 * Tests that change a file at each of its bytes take each third one; all of them
 * where EVERY_BYTE is set, as `test/prove/every-byte.test.ts` does.
 */
const STRIDE = process.env.EVERY_BYTE === undefined ? 3 : 1;

export const leftOut = (at: number): boolean => at % STRIDE !== 0;
