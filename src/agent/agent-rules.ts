import { statSync } from 'node:fs';
import type { Settings } from '../core/config/settings.js';
import { groupId } from '../disk/group-id.js';
import type { WriterRules } from '../disk/who-may-write.js';

/**
 * Who may write what binds the agent, as the agent judges it. A command, which may be root's, judges as the user of the
 * agent will: that is who owns the state folder.
 *
 * @throws Fault `group_unknown`
 */
export function agentRules({ face, stateDir, operatorsGroup }: Settings): WriterRules {
  const operatorsGid = operatorsGroup === null ? null : groupId(operatorsGroup);
  const uid = face === 'operator' ? statSync(stateDir, { throwIfNoEntry: false })?.uid : undefined;
  return { operatorsGid, ...(uid === undefined ? {} : { uid }) };
}
