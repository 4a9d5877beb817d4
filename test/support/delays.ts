import type { TestContext } from 'node:test';

/** The delays of all timers that `act` sets: how soon something is due, however fast this machine is. */
export function delaysOf(t: TestContext, act: () => void): number[] {
  const { mock } = t.mock.method(globalThis, 'setTimeout');
  act();
  mock.restore();
  return mock.calls.map(call => Number(call.arguments[1]));
}
