/** Parts of the language that the generators use; one that the product does not have yet stays out. */
export const ALL_FEATURES = ['regex', 'paths', 'lines', 'encoding', 'days', 'zones', 'tool', 'shadow', 'hint'] as const;
export type Feature = (typeof ALL_FEATURES)[number];

const BUILT: readonly Feature[] = ALL_FEATURES;

const asked = process.env.FEATURES;

export const FEATURES: ReadonlySet<string> = new Set(
  asked === undefined ? BUILT : asked === 'all' ? ALL_FEATURES : asked.split(','),
);
export const has = (feature: Feature): boolean => FEATURES.has(feature);
