/** What a process holds, as the kernel says it, and whether that grows. Linux only. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Sample {
  readonly seconds: number;
  readonly rssMib: number;
  readonly threads: number;
  readonly sockets: number;
  /** Descriptors that are no sockets: files, watches, pipes. */
  readonly files: number;
}

export function sampleOf(pid: number): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  const open = readdirSync(`/proc/${pid}/fd`).map(fd => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return null;
    }
  });
  const sockets = open.filter(target => target?.startsWith('socket:') === true).length;
  return {
    seconds: performance.now() / 1000,
    rssMib: number('VmRSS') / 1024,
    threads: number('Threads'),
    sockets,
    files: open.filter(target => target !== null).length - sockets,
  };
}

/** Growth of `of` over the whole span of the samples, by least squares. */
export function growth(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const meanX = mean(samples.map(s => s.seconds));
  const meanY = mean(samples.map(of));
  let xy = 0;
  let xx = 0;
  for (const sample of samples) {
    xy += (sample.seconds - meanX) * (of(sample) - meanY);
    xx += (sample.seconds - meanX) ** 2;
  }
  const span = (samples.at(-1)?.seconds ?? 0) - (samples[0]?.seconds ?? 0);
  return xx === 0 ? 0 : (xy / xx) * span;
}
