/** Listening to a signal that the caller may use for many calls at once. */
import { defaultMaxListeners, getMaxListeners, setMaxListeners } from 'node:events';

/** As Node's own transport allows: a warning about a leak would be false, since each call takes its listener back. */
const MANY_CALLS = 1500;

/** Adds a listener for one abort. The caller of this function removes it when the call has ended. */
export function listen(signal: AbortSignal, listener: () => void): void {
  if (getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(MANY_CALLS, signal);
  signal.addEventListener('abort', listener, { once: true });
}
