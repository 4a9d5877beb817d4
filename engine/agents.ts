/** Whom the document speaks for. The verdict stays until the host hands over another agent. */
import { FLAG_EVERY_AGENT, H_AGENTS, H_FLAGS, REF_WORDS, bytesAt, cell, head } from './program';
import { AGENT_AREA, agentArea } from './memory';
import { globMatch } from './text';

export let agentLen: u32 = 0;
export let spokenFor: bool = false;

/** False when the name does not fit. */
export function readAgent(n: u32): bool {
  spokenFor = false;
  agentLen = 0;
  if (n > AGENT_AREA) return false;
  agentLen = n;
  if ((head(H_FLAGS) & FLAG_EVERY_AGENT) != 0) {
    spokenFor = true;
    return true;
  }
  for (let i: u32 = 0, count = head(H_AGENTS + 1); i < count && !spokenFor; i++) {
    const len = cell(H_AGENTS, REF_WORDS, i, 1);
    spokenFor = globMatch(bytesAt(cell(H_AGENTS, REF_WORDS, i, 0), len), len, agentArea, n);
  }
  return true;
}
