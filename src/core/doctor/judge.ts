/** Facts in, findings out. A new check is a row here and one in CHECKS. */
import type { Facts } from './facts.js';
import { type Finding, inOrder } from './finding.js';
import { judgePaths, judgePolicy, judgeSeparation, judgeSettings, judgeSignatures } from './judge-files.js';
import { judgeForecast, judgeKeys, judgeLogs, judgeRoom, judgeSwitch } from './judge-log.js';
import { judgeMachine, judgeMachineId, judgeNetwork, judgeSocket } from './judge-machine.js';

export function judge({ settings, machine, installation }: Facts): readonly Finding[] {
  if (installation === null) return inOrder([...judgeSettings(settings), ...judgeMachine(machine, [])]);
  const { policies, signatures, paths, separation, kill, logs, keys, foreignLogs, room, forecast, network, socket } =
    installation;
  return inOrder([
    ...judgeSettings(settings),
    ...policies.flatMap(judgePolicy),
    ...judgeSignatures(signatures),
    ...judgePaths(paths),
    ...judgeSeparation(separation),
    ...judgeSwitch(kill),
    ...judgeLogs(logs),
    ...judgeKeys(keys, separation.agentUid),
    ...judgeRoom(room),
    ...judgeForecast(forecast, logs),
    ...judgeNetwork(network),
    ...judgeSocket(socket),
    ...judgeMachine(machine, logs),
    ...judgeMachineId(machine, foreignLogs),
  ]);
}
