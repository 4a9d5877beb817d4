/** `tool`, §3.6: names of tools, globs as in paths. */
import { pathMatches } from './pattern.js';
import { FALSE, is, type Three } from './three.js';

const segmentsOf = (text: string): readonly string[] => {
  const segments = text.split('/');
  if (segments.length > 1 && segments.at(-1) === '') segments.pop();
  return segments;
};

const matches = (pattern: string, tool: string): boolean => pathMatches(segmentsOf(pattern), segmentsOf(tool));

/** `tool` null: an HTTP request, which no such matcher matches. */
export const matchTool = (patterns: readonly string[], tool: string | null): Three =>
  tool === null ? FALSE : is(patterns.some(pattern => matches(pattern, tool)));

/** §6: segments without `*`, of the patterns that match the most. */
export const weightOfTool = (patterns: readonly string[], tool: string): number =>
  Math.max(
    0,
    ...patterns
      .filter(pattern => matches(pattern, tool))
      .map(pattern => segmentsOf(pattern).filter(segment => !segment.includes('*')).length),
  );
