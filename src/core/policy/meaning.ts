/** Parts of a checked policy as text that is equal where they mean the same: a regular expression is its pattern. */

export function meaning(value: unknown): string {
  return JSON.stringify(value, withoutAutomata);
}

/** Tables of thousands of states that the pattern beside them already says. */
function withoutAutomata(key: string, value: unknown): unknown {
  return key === 'automaton' ? undefined : value;
}
