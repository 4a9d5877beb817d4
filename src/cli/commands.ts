/** The one table of commands. A command that does not work yet has no row. */
import type { Command } from './io.js';

export interface CommandRow {
  readonly name: string;
  /** Loaded when it is run: `verify` must not wait for what `daemon` needs. */
  readonly load: () => Promise<Command>;
}

export const COMMANDS: readonly CommandRow[] = [
  { name: 'init', load: async () => (await import('./init.js')).init },
  { name: 'check', load: async () => (await import('./check.js')).check },
  { name: 'test', load: async () => (await import('./test.js')).test },
  { name: 'fmt', load: async () => (await import('./fmt.js')).fmt },
  { name: 'schema', load: async () => (await import('./schema.js')).schema },
  { name: 'config', load: async () => (await import('./config.js')).config },
  { name: 'decide', load: async () => (await import('./decide.js')).decide },
  { name: 'explain', load: async () => (await import('./explain.js')).explain },
  { name: 'replay', load: async () => (await import('./replay.js')).replay },
  { name: 'suggest', load: async () => (await import('./suggest.js')).suggest },
  { name: 'keygen', load: async () => (await import('./keygen.js')).keygen },
  { name: 'sign', load: async () => (await import('./sign.js')).sign },
  { name: 'policy', load: async () => (await import('./policy.js')).policy },
  { name: 'layer', load: async () => (await import('./layer.js')).layer },
  { name: 'kill', load: async () => (await import('./kill.js')).kill },
  { name: 'resume', load: async () => (await import('./resume.js')).resume },
  { name: 'break-glass', load: async () => (await import('./break-glass.js')).breakGlass },
  { name: 'status', load: async () => (await import('./status.js')).status },
  { name: 'doctor', load: async () => (await import('./doctor.js')).doctor },
  { name: 'support-bundle', load: async () => (await import('./support-bundle.js')).supportBundle },
  { name: 'tail', load: async () => (await import('./tail.js')).tail },
  { name: 'report', load: async () => (await import('./report.js')).report },
  { name: 'verify', load: async () => (await import('./verify.js')).verify },
  { name: 'prove', load: async () => (await import('./prove.js')).prove },
  { name: 'witness', load: async () => (await import('./witness.js')).witness },
  { name: 'export', load: async () => (await import('./export.js')).exportEvidence },
  { name: 'reconcile', load: async () => (await import('./reconcile.js')).reconcile },
  { name: 'daemon', load: async () => (await import('./daemon.js')).daemon },
];
