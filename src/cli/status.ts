import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { attempt } from '../agent/attempt.js';
import { policyInspector } from '../agent/inspect-policy.js';
import { glassSource } from '../agent/open-break-glass.js';
import { failures } from '../agent/policy-tests.js';
import { readGlassFile } from '../agent/read-break-glass.js';
import { operatorSettingsFile, readSettings } from '../agent/read-settings.js';
import { agentGroups, agentUser, type Unseparated, unseparated, writableBy } from '../agent/separation.js';
import type { Sha256Hex } from '../core/brand.js';
import type { Settings } from '../core/config/settings.js';
import { Fault } from '../core/fault.js';
import { sha256Digest } from '../crypto/sha256.js';
import { askDaemon } from '../daemon/ask.js';
import { openLayerMemory } from '../disk/layer-memory.js';
import { documentPaths, layerNamesIn, policyPlace } from '../disk/policy-set.js';
import { agentSwitch, agentsStopped, lookAtSwitch } from '../disk/switch-files.js';
import { painter } from './colour.js';
import { engineStatus, engineText } from './engine-status.js';
import { CONFIG } from './flags.js';
import { type Command, EXIT } from './io.js';
import { type Latched, latchedKills } from './latched.js';
import { type LogHead, logHeads } from './log-head.js';
import { signatureOf, signatureText } from './signed-status.js';

export const status: Command = {
  name: 'status',
  summary: 'say what is in force: policy, kill switch, log, daemon',
  synopsis: ['[--config FILE] [--json]'],
  about: `
Looks at the files and asks the daemon, if its socket is there. The exit code is as monitoring wants it.`,
  flags: {
    config: CONFIG,
  },
  exit: {
    ok: 'all is well',
    no: 'something to know (a kill switch is engaged, a rejected policy, not enforcing)',
    unknown: 'something is wrong (no policy that loads, a daemon that does not answer or is not ready)',
  },
  async run(given, io) {
    const settings = readSettings('operator', io, operatorSettingsFile(given.text('config'), io));
    const policy = policyOf(settings);
    const signature = signatureOf(settings);
    const kill = killOf(settings.killswitch);
    const latched = await latchedOf(settings);
    const glass = glassOf(settings);
    const logs = logHeads(settings.audit.path);
    const daemon = existsSync(settings.daemon.socket) ? await askDaemon(settings.daemon.socket, '/healthz') : null;
    const health = daemon?.is === 'answered' ? String(daemon.body.status) : null;

    const engine = engineStatus(settings, daemon?.is === 'answered' ? daemon.body : null);
    const open = openTo(settings);

    const wrong = [
      ...(policy.problem === null ? [] : [`policy: ${policy.problem}`]),
      ...(signature?.problem == null ? [] : [`signature: ${signature.problem}`]),
      ...(engine.sha256 === null ? [`engine: ${engine.problem}`] : []),
      ...(daemon?.is === 'silent' ? [`daemon: ${settings.daemon.socket} does not answer (${daemon.why})`] : []),
      ...(health === 'failing' || health === 'stopping' ? [`daemon: ${health}`] : []),
      ...logs
        .filter(log => log.error !== null && log.error !== 'ENOENT')
        .map(log => `log: ${log.path} cannot be read (${log.error})`),
    ];
    const notable = [
      ...kill.map(source => `kill switch: ${source} is engaged`),
      ...latched.kills.map(
        ({ source, scope, id, log }) =>
          `kill switch: ${scope} is latched by ${source}, until a release of ${id} for ${log}`,
      ),
      ...(glass === null ? [] : [`break glass: ${glass.says}`]),
      ...(latched.error === null ? [] : [`kill switch: ${latched.error}`]),
      ...(health === 'degraded' ? ['daemon: degraded'] : []),
      ...(engine.sha256 !== null && engine.problem !== null ? [`engine: ${engine.problem}`] : []),
      ...(settings.securityMode === 'permissive' ? ['mode: permissive'] : []),
      ...(settings.enforce && policy.mode !== 'dry_run' ? [] : ['mode: denials are recorded, not enforced']),
      ...(settings.killswitch === null ? ['kill switch: none is configured'] : []),
      // In one process nothing is separate by itself: that is said, and is no news.
      ...(settings.daemon.agents.length === 0 ? [] : open.map(at => `separation: agents could write ${at.path}`)),
    ];
    const exit = wrong.length > 0 ? EXIT.unknown : notable.length > 0 ? EXIT.no : EXIT.ok;
    if (given.on('json')) {
      io.out(
        JSON.stringify({
          ok: exit === EXIT.ok,
          security_mode: settings.securityMode,
          enforce: settings.enforce,
          policy,
          signature,
          engine,
          kill_switch: {
            path: settings.killswitch,
            engaged: kill,
            resume_requires: settings.resumeRequires,
            latched: latched.kills,
          },
          break_glass: glass,
          logs,
          writable_by_agent: open,
          daemon:
            daemon === null ? null : daemon.is === 'answered' ? daemon.body : { status: 'silent', error: daemon.why },
          wrong,
          notable,
        }),
      );
      return exit;
    }
    const paint = painter(io);
    io.out(`mode      ${settings.securityMode}${settings.enforce ? '' : ', not enforcing'}`);
    io.out(
      `policy    ${settings.policy}: ${policy.problem ?? `${policy.rules} rule${policy.rules === 1 ? '' : 's'}, ${policy.mode}, changed ${policy.changed}`}`,
    );
    if (policy.layers.length > 0) io.out(`layers    ${policy.layers.join(', ')}`);
    if (signature !== null) io.out(`signed    ${signature.problem ?? signatureText(signature)}`);
    io.out(`engine    ${engineText(engine)}`);
    io.out(
      `kill      ${killText(
        settings.killswitch,
        kill,
        latched.kills.map(({ scope }) => scope),
        text => paint('red', text),
      )}`,
    );
    if (glass !== null) io.out(`glass     ${paint('red', glass.says)}`);
    for (const log of logs) io.out(`log       ${logText(log)}`);
    io.out(`daemon    ${daemon === null ? `no socket at ${settings.daemon.socket}` : (health ?? 'does not answer')}`);
    io.out(`separate  ${separateText(settings, open)}`);
    for (const line of wrong) io.out(paint('red', `wrong: ${line}`));
    for (const line of notable) io.out(paint('yellow', `note: ${line}`));
    return exit;
  },
};

function openTo(settings: Settings): readonly Unseparated[] {
  const user = agentUser(settings);
  const groups = agentGroups(settings, user);
  return groups === null ? writableBy(settings, user) : unseparated(settings, groups);
}

function separateText({ daemon }: Settings, open: readonly Unseparated[]): string {
  if (open.length === 0) return 'agents can write nothing that binds them';
  if (daemon.agents.length === 0)
    return "no: the agent's own user could change what binds it (`checkrd doctor` lists it)";
  return `no: the agent could write ${open.map(at => at.path).join(', ')}`;
}

function logText(log: LogHead): string {
  if (log.error !== null) return `${log.path}: ${log.error === 'ENOENT' ? 'none yet' : log.error}`;
  const signed =
    log.checkpoint === null
      ? 'no checkpoint near the end'
      : `signed up to ${log.checkpoint.size} at ${log.checkpoint.time}`;
  return `${log.path}: ${log.size ?? 0} records, last ${log.lastTime ?? 'none'}, ${signed}`;
}

/** As the agent would take it: one whose own tests fail, or that lacks a layer, does not go live. */
function policyOf({ policy: path, inspectBytes, stateDir }: Settings) {
  const place = policyPlace(resolve(path));
  const inspector = policyInspector(inspectBytes);
  const nothing = { path, changed: null, rules: null, mode: null, layers: layerNamesIn(place) };
  const paths = attempt(() => documentPaths(place));
  if (!paths.ok) return { ...nothing, problem: paths.error instanceof Fault ? paths.error.message : 'does not load' };
  let rules = 0;
  let mode: 'enforce' | 'dry_run' | null = null;
  for (const one of paths.value) {
    const got = inspector.inspectFile(one);
    const errors = got.ok ? failures(got.tests) : got.errors;
    if (!got.ok || errors.length > 0) {
      const [first] = errors;
      const file = one === place.main ? '' : `${basename(one)}: `;
      const at = first?.line == null ? '' : ` at ${first.line}:${first.column}`;
      return { ...nothing, problem: `${file}${first?.message ?? 'does not load'}${at}` };
    }
    rules += got.rules;
    // Denials are enforced where any document enforces them.
    mode = got.mode === 'enforce' ? got.mode : (mode ?? got.mode);
  }
  // Who may not read the state folder is not told of it.
  const known = attempt(() => openLayerMemory(stateDir, place.main, bytes => sha256Digest(bytes) as Sha256Hex).read());
  const missing = known.ok ? known.value.layers.filter(name => !nothing.layers.includes(name)) : [];
  const changed = statSync(path, { throwIfNoEntry: false })?.mtime.toISOString() ?? null;
  const problem = missing.length === 0 ? null : `the layer ${missing[0]} was in force once and is missing`;
  return { ...nothing, changed, rules, mode, problem };
}

function killText(
  path: string | null,
  engaged: readonly string[],
  latched: readonly string[],
  loud: (text: string) => string,
): string {
  const said = [
    ...(engaged.length > 0 ? [`engaged: ${engaged.join(', ')}`] : []),
    ...(latched.length > 0 ? [`latched: ${latched.join(', ')}`] : []),
  ];
  return said.length > 0 ? loud(said.join('; ')) : path === null ? 'none' : 'released';
}

/** Null where there is none, or none that this user may see: then the daemon is asked by whoever may. */
function glassOf(settings: Settings) {
  const file = readGlassFile(glassSource(settings));
  if (file.is === 'absent' || (file.is === 'refused' && file.why === 'unreadable')) return null;
  if (file.is === 'refused') return { state: 'refused', says: `refused: ${file.because}` };
  const { agents, expiresMs, reason } = file.glass;
  const expires = new Date(expiresMs).toISOString();
  if (expiresMs <= Date.now()) return { state: 'over', says: `was over at ${expires}; its file lies there still` };
  if (!settings.allowBreakGlass) return { state: 'refused', says: 'refused: the settings forbid it' };
  const says = `denied calls of ${agents.join(', ')} go on until ${expires} (${reason})`;
  return { state: 'signed', says, agents, expires, reason, signed_by: file.keyIds };
}

async function latchedOf(settings: Settings): Promise<{ kills: readonly Latched[]; error: string | null }> {
  try {
    return { kills: await latchedKills(settings), error: null };
  } catch (error) {
    return { kills: [], error: error instanceof Fault ? error.message : 'the latched kills cannot be read' };
  }
}

/** Paths of all engaged switches. One that cannot be looked at counts, as it does for the agent. */
function killOf(path: string | null): string[] {
  if (path === null) return [];
  const single = agentsStopped(path);
  return [
    ...(lookAtSwitch(path).is === 'absent' ? [] : [path]),
    ...(single === null ? [] : single.map(agent => agentSwitch(path, agent))),
  ];
}
