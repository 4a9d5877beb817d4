import { existsSync, statSync } from 'node:fs';
import { policyInspector } from '../agent/inspect-policy.js';
import { inspectSignature } from '../agent/inspect-signature.js';
import { failures } from '../agent/policy-tests.js';
import { operatorSettingsFile, readSettings } from '../agent/read-settings.js';
import type { Settings } from '../core/config/settings.js';
import { Fault } from '../core/fault.js';
import { askDaemon } from '../daemon/ask.js';
import { groupId } from '../disk/group-id.js';
import { agentSwitch, agentsStopped, lookAtSwitch } from '../disk/switch-files.js';
import { readArgs } from './args.js';
import { painter } from './colour.js';
import { type Command, EXIT } from './io.js';
import { type LogHead, logHeads } from './log-head.js';

export const status: Command = {
  name: 'status',
  summary: 'say what is in force: policy, kill switch, log, daemon',
  usage: `
usage: checkrd status [--config FILE] [--json]

Looks at the files and asks the daemon, if its socket is there. Settings: FILE, else $CHECKRD_CONFIG_DIR,
else /etc/checkrd if it has any, else ~/.checkrd.

exit (as monitoring wants it): 0 all is well, 1 something to know (a kill switch is engaged, a rejected policy, not
enforcing), 2 something is wrong (no policy that loads, a daemon that does not answer or is not ready), 64 misuse`,
  async run(args, io) {
    const given = readArgs(args, { texts: ['config'] });
    const settings = readSettings('operator', io, operatorSettingsFile(given.text('config'), io));
    const policy = policyOf(settings.policy, settings.inspectBytes);
    const signature = signatureOf(settings);
    const kill = killOf(settings.killswitch);
    const logs = logHeads(settings.audit.path);
    const daemon = existsSync(settings.daemon.socket) ? await askDaemon(settings.daemon.socket, '/healthz') : null;
    const health = daemon?.is === 'answered' ? String(daemon.body.status) : null;

    const wrong = [
      ...(policy.problem === null ? [] : [`policy: ${policy.problem}`]),
      ...(signature?.problem == null ? [] : [`signature: ${signature.problem}`]),
      ...(daemon?.is === 'silent' ? [`daemon: ${settings.daemon.socket} does not answer (${daemon.why})`] : []),
      ...(health === 'failing' || health === 'stopping' ? [`daemon: ${health}`] : []),
      ...logs
        .filter(log => log.error !== null && log.error !== 'ENOENT')
        .map(log => `log: ${log.path} cannot be read (${log.error})`),
    ];
    const notable = [
      ...kill.map(source => `kill switch: ${source} is engaged`),
      ...(health === 'degraded' ? ['daemon: degraded'] : []),
      ...(settings.securityMode === 'permissive' ? ['mode: permissive'] : []),
      ...(settings.enforce && policy.mode !== 'dry_run' ? [] : ['mode: denials are recorded, not enforced']),
      ...(settings.killswitch === null ? ['kill switch: none is configured'] : []),
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
          kill_switch: { path: settings.killswitch, engaged: kill },
          logs,
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
      `policy    ${settings.policy}: ${policy.problem ?? `${policy.rules} rules, ${policy.mode}, changed ${policy.changed}`}`,
    );
    if (signature !== null) io.out(`signed    ${signature.problem ?? signatureText(signature)}`);
    io.out(
      `kill      ${kill.length > 0 ? paint('red', `engaged: ${kill.join(', ')}`) : settings.killswitch === null ? 'none' : 'released'}`,
    );
    for (const log of logs) io.out(`log       ${logText(log)}`);
    io.out(`daemon    ${daemon === null ? `no socket at ${settings.daemon.socket}` : (health ?? 'does not answer')}`);
    for (const line of wrong) io.out(paint('red', `wrong: ${line}`));
    for (const line of notable) io.out(paint('yellow', `note: ${line}`));
    return exit;
  },
};

function logText(log: LogHead): string {
  if (log.error !== null) return `${log.path}: ${log.error === 'ENOENT' ? 'none yet' : log.error}`;
  const signed =
    log.checkpoint === null
      ? 'no checkpoint near the end'
      : `signed up to ${log.checkpoint.size} at ${log.checkpoint.time}`;
  return `${log.path}: ${log.size ?? 0} records, last ${log.lastTime ?? 'none'}, ${signed}`;
}

/** As the agent would take it: one whose own tests fail does not go live. */
function policyOf(path: string, inspectBytes: number) {
  const got = policyInspector(inspectBytes).inspectFile(path);
  const errors = got.ok ? failures(got.tests) : got.errors;
  if (!got.ok || errors.length > 0) {
    const [first] = errors;
    const place = first?.line == null ? '' : ` at ${first.line}:${first.column}`;
    return { path, changed: null, rules: null, mode: null, problem: `${first?.message ?? 'does not load'}${place}` };
  }
  const changed = statSync(path, { throwIfNoEntry: false })?.mtime.toISOString() ?? null;
  return { path, changed, rules: got.rules, mode: got.mode, problem: null };
}

/** Null where signatures are not asked for. */
function signatureOf({ requireSignature, policy, trustDir, operatorsGroup, weakeningGuard }: Settings) {
  if (!requireSignature) return null;
  try {
    const rules = { operatorsGid: operatorsGroup === null ? null : groupId(operatorsGroup) };
    const { statement, keyIds, threshold, trusted } = inspectSignature(policy, trustDir, rules, Date.now());
    const { version, expires } = statement;
    return { problem: null, version, expires, signed_by: keyIds, threshold, trusted, weakening_guard: weakeningGuard };
  } catch (error) {
    if (error instanceof Fault) return { problem: error.message };
    throw error;
  }
}

function signatureText(signed: Exclude<ReturnType<typeof signatureOf>, null | { problem: string }>): string {
  const { version, expires, signed_by: keyIds, threshold, trusted } = signed;
  const needed = `${threshold} of ${trusted} trusted keys needed`;
  return `version ${version} by ${keyIds.join(', ')} (${needed}), expires ${expires ?? 'never'}`;
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
