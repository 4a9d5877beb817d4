/** Sockets, filesystems, Node, the engine, the clock. */
import type { InstallationFacts, LogFacts, MachineFacts, SocketFacts } from './facts.js';
import { type Finding, finding, isForbidden, unseen } from './finding.js';

/** The oldest that works, and the one to have. */
const NODE_FLOOR = [20, 19] as const;
const NODE_SUPPORTED = 22;
const CLOCK_SLACK_MS = 1000;

export function judgeSocket(facts: SocketFacts | null): readonly Finding[] {
  if (facts === null) return [finding('sockets', 'ok', null, 'no daemon is configured')];
  const { path, isThere, status, error } = facts;
  if (error !== null && isForbidden(error)) return [unseen('sockets', path, error)];
  if (!isThere) {
    const hint = 'start it: `systemctl start checkrd`, or `checkrd daemon`';
    return [finding('sockets', 'failure', path, 'the daemon is not running', { hint })];
  }
  if (status === null) {
    const hint = 'see its log; a start takes the place of a dead socket';
    return [
      finding('sockets', 'failure', path, `the daemon does not answer (${error ?? 'it says nothing'})`, { hint }),
    ];
  }
  const grade = status === 'ok' ? 'ok' : status === 'degraded' ? 'warning' : 'failure';
  return [finding('sockets', grade, path, `the daemon says: ${status}`)];
}

export function judgeNetwork(network: InstallationFacts['network']): readonly Finding[] {
  if (network.length === 0) return [finding('network_filesystem', 'ok', null, 'everything is on local filesystems')];
  return network.map(({ path, kind }) =>
    finding('network_filesystem', 'warning', path, `it is on ${kind}: changes are seen only by the poll`, {
      hint: 'keep policy, switch and log on a local filesystem',
    }),
  );
}

export function judgeMachine(machine: MachineFacts, logs: readonly LogFacts[]): readonly Finding[] {
  return [
    judgeEngine(machine.engine),
    judgeNode(machine.node),
    machine.lockProgram === null
      ? finding(
          'lock_program',
          'warning',
          null,
          'there is no `flock`: locks are files, which a stuck process can lose',
          {
            hint: 'install util-linux',
          },
        )
      : finding('lock_program', 'ok', machine.lockProgram, 'locks are the kernel’s'),
    judgeClock(machine, logs),
  ];
}

export function judgeMachineId({ hasMachineId }: MachineFacts, foreignLogs: readonly string[]): readonly Finding[] {
  if (!hasMachineId) {
    const says = 'the machine has no ID: a copied log would be continued elsewhere without notice';
    const mend = 'systemd-machine-id-setup';
    return [finding('machine_id', 'warning', '/etc/machine-id', says, { mend })];
  }
  if (foreignLogs.length === 0) return [finding('machine_id', 'ok', '/etc/machine-id', 'it has one')];
  return foreignLogs.map(path =>
    finding('machine_id', 'warning', path, 'its log was begun on another machine; the next start begins a new one'),
  );
}

function judgeEngine(engine: MachineFacts['engine']): Finding {
  if ('sha256' in engine) {
    const why = engine.signedBy.length === 0 ? 'as pinned' : `signed by ${engine.signedBy.join(', ')}`;
    return finding('engine', 'ok', null, `SHA-256 ${engine.sha256}, ${why}`);
  }
  return finding('engine', 'failure', null, engine.problem.message, { hint: engine.problem.hint });
}

function judgeNode(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const hint = 'install Node 24';
  if (major < NODE_FLOOR[0] || (major === NODE_FLOOR[0] && minor < NODE_FLOOR[1]))
    return finding('node', 'failure', null, `${version} is older than ${NODE_FLOOR.join('.')}`, { hint });
  if (major < NODE_SUPPORTED) return finding('node', 'warning', null, `${version} is past its end of life`, { hint });
  return finding('node', 'ok', null, version);
}

/** No clock of a machine proves anything; this finds only what cannot be true, and what nobody sees to. */
function judgeClock({ nowMs, clockSetBy }: MachineFacts, logs: readonly LogFacts[]): Finding {
  const last = Math.max(...logs.map(log => log.lastTimeMs ?? 0), 0);
  if (last > nowMs + CLOCK_SLACK_MS) {
    const says = `it is ${Math.ceil((last - nowMs) / 1000)} seconds behind the last record of the log`;
    return finding('clock', 'failure', null, says, { hint: 'set the clock; records bear its time' });
  }
  if (clockSetBy !== null) return finding('clock', 'ok', null, `${clockSetBy} sets it`);
  const hint = 'run chrony or systemd-timesyncd, unless the host sets it; a witness gives times that others vouch for';
  return finding('clock', 'warning', null, 'nothing that sets it was seen: times are this machine’s own word', {
    hint,
  });
}
