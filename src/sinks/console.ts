/** Events as JSON Lines on standard error: standard output may be the program's own channel (an MCP server's is). */
import { once } from 'node:events';
import type { TelemetryEvent } from '../core/telemetry/event.js';
import type { TelemetrySink } from '../core/telemetry/sink.js';

export class ConsoleSink implements TelemetrySink {
  enqueue(event: TelemetryEvent): Promise<unknown> | undefined {
    return process.stderr.write(`${JSON.stringify(event)}\n`) ? undefined : once(process.stderr, 'drain');
  }

  async close(): Promise<void> {
    // Standard error is the program's.
  }
}
