/**
 * `node --import checkrd/register agent.js`: guards a whole process.
 *
 *   in   : the settings file and the environment; nothing of the program's
 *   out  : every way out decided, restricted or reported (`healthy().coverage`), before the program's first line
 *   never: lets the program start when any part cannot be had: it says why on stderr and ends with code 78
 *
 * Loaded again in the same thread, or from a second copy of checkrd, it does nothing: a call is decided once.
 */
import { writeSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { processCoverage } from './agent/coverage.js';
import { CheckrdInitError } from './agent/errors.js';
import { openLibrary } from './agent/open-library.js';
import { SETTING_KEYS } from './core/config/keys.js';
import { absolutePath } from './core/config/paths.js';
import { configDirOf } from './core/config/resolve.js';
import { Fault } from './core/fault.js';
import { OWN_SOCKET } from './handover/records-client.js';
import { install as datagrams } from './transports/datagrams/install.js';
import { install as fetches } from './transports/fetch/install.js';
import { install as http2 } from './transports/http2/install.js';
import { guardedOptions, inheritance } from './transports/inherit.js';
import { install as names } from './transports/names/install.js';
import { install as natives } from './transports/native/install.js';
import { install as http } from './transports/node-http/install.js';
import { guardsProcess, processGuardedBy } from './transports/one-guard.js';
import type { ProcessPort } from './transports/port.js';
import { install as processes } from './transports/processes/install.js';
import { install as sockets } from './transports/sockets/install.js';
import { speakerFor } from './transports/speaker.js';
import { install as threads } from './transports/threads/install.js';
import { install as undici } from './transports/undici/install.js';
import { openPool } from './transports/undici/pool.js';

/** EX_CONFIG of sysexits. */
const EXIT_NOT_GUARDED = 78;

const ENTRY = fileURLToPath(import.meta.url);

function guard(): void {
  const { bun, deno } = process.versions;
  if (bun !== undefined) throw notGuarded(`Bun ${bun}`);
  if (deno !== undefined) throw notGuarded(`Deno ${deno}`);
  const other = processGuardedBy();
  if (other !== null) {
    if (other !== ENTRY)
      process.emitWarning(`${other} guards this process already; ${ENTRY} does nothing`, 'CheckrdWarning');
    return;
  }
  const env = { ...process.env };
  const pool = openPool();
  // A fetch that is not undici's, or whose dispatcher somebody took away, leaves by a way that nothing here can see.
  if (pool === null && typeof globalThis.fetch === 'function') throw notGuarded('a Node without its own undici');
  const agent = openLibrary({ options: {}, env: process.env });
  const speaker = speakerFor(agent);
  guardsProcess(ENTRY);
  const port: ProcessPort = {
    agent,
    agentId: agent.agentId,
    caller: speaker.caller,
    get hooks() {
      return speaker.hooks;
    },
    strict: agent.securityMode === 'strict',
    egress: agent.egress,
    coverage: processCoverage,
    inherit: inheritance(ENTRY, agent.agentId, anywhere(env)),
    ownSocket: OWN_SOCKET,
  };
  if (pool !== null) {
    fetches(port, pool);
    undici(port, pool);
  }
  names(port);
  http(port);
  processCoverage.covers('http', 'wrapped');
  http2(port);
  processCoverage.covers('http2', 'wrapped');
  // After the names: it takes the guarded lookup for the one that all sockets use.
  sockets(port);
  datagrams(port);
  processes(port);
  threads(port);
  natives(port);
  // For what is started past all this, as by a shell.
  process.env.NODE_OPTIONS = guardedOptions(process.env.NODE_OPTIONS ?? '', ENTRY);
  syncBuiltinESMExports();
  agent.edgesInPlace();
}

function notGuarded(runtime: string): CheckrdInitError {
  const fault = new Fault('runtime_not_guarded', { runtime });
  return new CheckrdInitError(fault.code, fault.message, fault.hint);
}

/** The environment as it means the same from another folder and in another home. */
function anywhere(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  const cwd = process.cwd();
  const home = homedir();
  const fixed: Record<string, string | undefined> = { ...env, CHECKRD_CONFIG_DIR: configDirOf(env, home, cwd) };
  for (const { kind, env: name } of SETTING_KEYS) {
    const value = env[name];
    const isPath = kind.is === 'path' || (kind.is === 'path_or_false' && value !== 'false');
    if (isPath && value !== undefined && value !== '') fixed[name] = absolutePath(value, cwd, home);
  }
  return fixed;
}

try {
  guard();
} catch (error) {
  const { code, hint } = error instanceof CheckrdInitError ? error : { code: 'internal', hint: null };
  const why = error instanceof Error ? error.message : String(error);
  const next = hint === null ? '' : `\n  ${hint}`;
  writeSync(2, `checkrd: the program is not started: ${why} [${code}]${next}\n`);
  process.exit(EXIT_NOT_GUARDED);
}
