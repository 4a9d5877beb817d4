/**
 * Metrics as text: the exposition format 0.0.4 of Prometheus.
 *
 *   in   : families, each with its samples
 *   out  : the text that a scrape answers, ending with a newline
 *   never: knows what a metric means
 */
import type { BucketReading } from './buckets.js';

/** What a scrape says that it is. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export type MetricType = 'counter' | 'gauge' | 'histogram';

export interface MetricName {
  readonly name: string;
  readonly type: MetricType;
  /** One sentence without a full stop. */
  readonly help: string;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Family =
  | (MetricName & { readonly type: 'counter' | 'gauge'; readonly samples: readonly Sample[] })
  | (MetricName & { readonly type: 'histogram'; readonly buckets: BucketReading });

/** A family without a sample is left out: nothing is known, which is not 0. */
export function exposition(families: readonly Family[]): string {
  return families
    .map(family => {
      const lines = family.type === 'histogram' ? histogram(family.name, family.buckets) : plain(family);
      if (lines.length === 0) return '';
      const { name, type, help } = family;
      return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`;
    })
    .join('');
}

function plain({ name, samples }: Extract<Family, { samples: unknown }>): string[] {
  return samples.map(({ labels, value }) => line(name, labels, value));
}

function histogram(name: string, { bounds, upTo, sum, count }: BucketReading): string[] {
  const buckets = bounds.map((bound, n) => line(`${name}_bucket`, { le: number(bound) }, upTo[n] ?? 0));
  return [
    ...buckets,
    line(`${name}_bucket`, { le: '+Inf' }, count),
    line(`${name}_sum`, {}, sum),
    line(`${name}_count`, {}, count),
  ];
}

function line(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text).replaceAll('"', '\\"')}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${number(value)}`;
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
