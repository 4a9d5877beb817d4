/** undici's global dispatcher with a decision in front of it, in this process, and the bare one beside it. */
import { Coverage } from '#src/agent/coverage.js';
import type { openLibrary } from '#src/agent/open-library.js';
import { inheritance } from '#src/transports/inherit.js';
import { GLOBAL_DISPATCHERS } from '#src/transports/undici/global.js';
import { install } from '#src/transports/undici/install.js';
import { openPool } from '#src/transports/undici/pool.js';

interface Answer {
  readonly body: AsyncIterable<Uint8Array> & { text(): Promise<string> };
}
/** What undici's own `request` calls. */
export interface Requester {
  request(options: { origin: string; path: string; method: string }): Promise<Answer>;
}

export function guardUndici(agent: ReturnType<typeof openLibrary>): {
  readonly bare: Requester;
  readonly guarded: Requester;
  undo(): void;
} {
  const pool = openPool();
  if (pool === null) throw new Error('this runtime has no undici');
  const now = (): Requester => (globalThis as unknown as Record<symbol, Requester>)[GLOBAL_DISPATCHERS[0] as symbol]!;
  const bare = now();
  const undo = install(
    {
      agent,
      agentId: agent.agentId,
      strict: true,
      egress: agent.egress,
      coverage: new Coverage(),
      inherit: inheritance('', agent.agentId, {}),
      ownSocket: Symbol('none'),
      caller: () => ({ agent: agent.agentId }),
      hooks: {},
    },
    pool,
  );
  return { bare, guarded: now(), undo };
}
