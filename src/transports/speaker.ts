/**
 * What a program says of the calls that the guard of its process decides: for whom they are made, and its hooks.
 *
 *   in   : the guard of the process (`checkrd/register`); a `Checkrd` of the program's that is instrumented
 *   out  : the context of each call; the hooks as they are now
 *   never: who decides, or with which policy
 */
import type { AgentLifecycle, CallContext } from '../agent/types.js';
import { Callers, type Claim } from './caller.js';
import type { Hooks } from './hooks.js';

/** A `Checkrd` that speaks for the whole process. */
export interface Voice {
  readonly hooks: Hooks;
  /** What its contexts, and `withOptions`, say of a call that begins now. */
  claim(): Claim;
}

export interface Speaker {
  readonly caller: () => CallContext;
  readonly hooks: Hooks;
}

let callers: Callers | null = null;
let voice: Voice | null = null;

/** The process is guarded by this agent. */
export function speakerFor(agent: AgentLifecycle): Speaker {
  const own = new Callers(agent);
  callers = own;
  return {
    caller: () => own.current(voice?.claim() ?? {}),
    get hooks() {
      return voice?.hooks ?? {};
    },
  };
}

/** Whoever runs something for an agent without a `Checkrd` of its own. Null: the process is not guarded. */
export function processCallers(): Callers | null {
  return callers;
}

/** From now on this one is heard. The answer ends it. */
export function speak(by: Voice): () => void {
  voice = by;
  return () => {
    if (voice === by) voice = null;
  };
}
