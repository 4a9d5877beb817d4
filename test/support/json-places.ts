/** Every place of a JSON value, and which of them a path selects: slowly, one path and one place at a time. */
import type { PathStep } from '#src/core/policy/checked.js';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Keys = readonly (string | number)[];
export interface Place {
  readonly keys: Keys;
  readonly value: Json;
}

export const every: PathStep = { kind: 'every' };
export const below = (name: string): PathStep => ({ kind: 'below', name });

export const isContainer = (value: Json): value is Json[] | { [name: string]: Json } =>
  value !== null && typeof value === 'object';

export function places(value: Json, keys: Keys = []): Place[] {
  if (!isContainer(value)) return [{ keys, value }];
  const inside: [string | number, Json][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [{ keys, value }, ...inside.flatMap(([key, child]) => places(child, [...keys, key]))];
}

export function selects(steps: readonly PathStep[], keys: Keys): boolean {
  const [step, ...rest] = steps;
  if (step === undefined) return keys.length === 0;
  if (typeof step !== 'object') return keys[0] === step && selects(rest, keys.slice(1));
  if (step.kind === 'every') return keys.length > 0 && selects(rest, keys.slice(1));
  return keys.some((key, i) => key === step.name && selects(rest, keys.slice(i + 1)));
}

/** The most beginnings of paths that are live in one container: selected here and going on, or around and going on by a descendant. */
export function liveMost(root: Json, paths: readonly (readonly PathStep[])[]): number {
  const beginnings = new Map<string, { readonly steps: readonly PathStep[]; goesBelow: boolean }>();
  for (const path of paths) {
    for (const [i, next] of path.entries()) {
      const steps = path.slice(0, i);
      const known = beginnings.get(JSON.stringify(steps)) ?? { steps, goesBelow: false };
      known.goesBelow ||= typeof next === 'object' && next.kind === 'below';
      beginnings.set(JSON.stringify(steps), known);
    }
  }
  const counts = places(root)
    .filter(({ value }) => isContainer(value))
    .map(
      ({ keys }) =>
        [...beginnings.values()].filter(
          ({ steps, goesBelow }) =>
            selects(steps, keys) || (goesBelow && keys.some((_, i) => selects(steps, keys.slice(0, i)))),
        ).length,
    );
  return Math.max(0, ...counts);
}
