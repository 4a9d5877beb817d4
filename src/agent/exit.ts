/**
 * One listener on the process for all agents in it: a listener each would warn of a leak from the eleventh on.
 */
const ends = new Set<() => void>();

function runAll(): void {
  for (const end of [...ends]) {
    ends.delete(end);
    end();
  }
}

/** Runs `end`, synchronously, when the process exits. The answer takes it back. */
export function onExit(end: () => void): () => void {
  if (ends.size === 0) process.on('exit', runAll);
  ends.add(end);
  return () => {
    ends.delete(end);
    if (ends.size === 0) process.off('exit', runAll);
  };
}
