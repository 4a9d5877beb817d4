/** Which rooms of `src/` each room may import from; a room may always import itself. docs/architecture.md shows the same. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  crypto: ['core'],
  disk: ['core'],
  wasm: ['core'],
  handover: ['core'],
  agent: ['core', 'crypto', 'disk', 'wasm', 'handover'],
  transports: ['core', 'agent'],
  sinks: ['core', 'disk'],
  daemon: ['core', 'crypto', 'disk', 'agent'],
  cli: ['core', 'crypto', 'disk', 'wasm', 'agent', 'sinks', 'daemon'],
  page: ['core', 'crypto'],
  'checkrd.ts': ['core', 'agent', 'transports'],
  'register.ts': ['core', 'agent', 'transports', 'handover'],
  'process-guard.ts': ['checkrd.ts', 'core', 'agent', 'transports'],
  'testing.ts': ['core', 'agent', 'transports'],
  'index.ts': ['checkrd.ts', 'process-guard.ts', 'core', 'agent', 'transports', 'sinks'],
};
