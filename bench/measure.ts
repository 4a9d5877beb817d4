/** Timing for comparisons inside one run: samples of the contenders are taken in turn, so drift hits all alike. */
import { performance } from 'node:perf_hooks';

export interface Contender {
  readonly name: string;
  /** One operation; its answer is folded into a sink so that nothing is optimised away. */
  run(i: number): unknown;
}

export interface Row {
  readonly name: string;
  /** Median nanoseconds an operation. */
  readonly ns: number;
}

let sink = 0;

/** Medians of `rounds` samples of `operations` each, contenders in turn. */
export function compare(contenders: readonly Contender[], operations: number, rounds = 15): Row[] {
  const samples = contenders.map(() => [] as number[]);
  for (const contender of contenders) sample(contender, Math.min(operations, 20_000));
  for (let round = 0; round < rounds; round++) {
    contenders.forEach((contender, k) => {
      (samples[k] as number[]).push(sample(contender, operations));
    });
  }
  return contenders.map((contender, k) => ({ name: contender.name, ns: median(samples[k] as number[]) }));
}

function sample(contender: Contender, operations: number): number {
  const start = performance.now();
  for (let i = 0; i < operations; i++) if (contender.run(i) === sink) sink += 1;
  return ((performance.now() - start) * 1e6) / operations;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Nearest-rank quantile; NaN for no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** p50, p90, p99 and the largest of `ms`. */
export function distribution(ms: readonly number[]): string {
  const at = (q: number): string => `${quantile(ms, q).toFixed(1)} ms`;
  return `p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, max ${at(1)}`;
}

export function print(title: string, lines: readonly string[]): void {
  console.log(`\n## ${title}`);
  for (const line of lines) console.log(line);
}

/** Nanoseconds for people. */
export function time(ns: number): string {
  if (ns < 1_000) return `${ns.toFixed(0)} ns`;
  if (ns < 1_000_000) return `${(ns / 1_000).toFixed(2)} µs`;
  return `${(ns / 1_000_000).toFixed(2)} ms`;
}

export const ratio = (a: number, b: number): string => `${(a / b).toFixed(2)}×`;
