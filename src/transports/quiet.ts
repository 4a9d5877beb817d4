/** Runs what warns of itself when it is loaded: for modules that the edges look into, and the program has not asked for. */
export function quietly<T>(load: () => T): T {
  const { emitWarning } = process;
  try {
    process.emitWarning = () => undefined;
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
