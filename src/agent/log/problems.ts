/** What is wrong with a log, said once each: to whoever waits for a record as a Fault, to everybody else by a call. */
import { Fault } from '../../core/fault.js';
import { errno } from '../../disk/errno.js';

export class Problems {
  /** What is wrong now. */
  now: Fault | null = null;

  constructor(
    private readonly path: string,
    private readonly tell: (fault: Fault) => void,
  ) {}

  unavailable(cause: string): Fault {
    return new Fault('audit_unavailable', { path: this.path, cause });
  }

  asFault(error: unknown): Fault {
    if (error instanceof Fault && error.code === 'audit_unavailable') return error;
    const cause = error instanceof Fault ? error.message : errno(error);
    return new Fault('audit_unavailable', { path: this.path, cause }, { cause: error });
  }

  /** For what nobody waits for: a failure is reported, never thrown at a timer or a signal handler. False then. */
  contain(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.report(this.asFault(error));
      return false;
    }
  }

  report(fault: Fault): Fault {
    const known = this.now?.message === fault.message;
    this.now = fault;
    if (known) return fault;
    try {
      this.tell(fault);
    } catch {
      // The host's mistake is not ours to pass on.
    }
    return fault;
  }
}
