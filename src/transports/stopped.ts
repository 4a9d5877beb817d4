/** What a call waits for before its decision, given up when the switch is engaged. */
import type { Agent, Begun, CallContext } from '../agent/types.js';
import type { ActionRequest } from '../core/decide/types.js';

/** The refusal when the switch came first, null when `work` has ended, well or badly; never fails. */
export async function unlessStopped(
  agent: Agent,
  request: ActionRequest,
  context: CallContext,
  work: Promise<unknown>,
): Promise<Extract<Begun, { kind: 'refused' }> | null> {
  for (;;) {
    let takeBack = (): void => undefined;
    const stopped = new Promise<'stopped'>(resolve => {
      takeBack = agent.waits(context.agent, () => resolve('stopped'));
    });
    const first = await Promise.race([work.then(ended, ended), stopped]);
    takeBack();
    if (first === 'ended') return null;
    const refused = agent.precheck(request, context);
    // Null: the hold is gone already; the wait goes on.
    if (refused !== null) {
      work.catch(() => undefined);
      return refused;
    }
  }
}

const ended = (): 'ended' => 'ended';
