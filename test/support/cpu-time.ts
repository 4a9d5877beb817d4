/** Milliseconds of processor time that `work` took in this process: what else runs on the machine, or stops it, does not count. */
export function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
