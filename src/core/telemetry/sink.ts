/** Where events of calls may go besides the log. Types only. */
import type { TelemetryEvent } from './event.js';

/**
 * A copy for dashboards, not the log: it may lose events, and what reads it proves nothing.
 *
 * Both are called off the path of calls. What they throw, and an event whose promise is not kept within a second, is dropped and
 * counted.
 */
export interface TelemetrySink {
  /** Takes one event, after its records are in the log. A promise: the next event waits for it. */
  enqueue(event: TelemetryEvent): unknown;
  /** Writes what it still holds and lets go of it. */
  close(): Promise<void>;
}
