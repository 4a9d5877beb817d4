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

/** §6: segments without `*`, of the pattern that has most of them. */
export const weightOfTool = (patterns: readonly string[]): number =>
  Math.max(0, ...patterns.map(pattern => segmentsOf(pattern).filter(segment => !segment.includes('*')).length));

/** What a call without a URL is counted by where an endpoint is: its name, in which nothing is folded. */
export const toolKey = (tool: string): string => `tool ${JSON.stringify(segmentsOf(tool))}`;

/** A name that no tool has. */
export const isBadTool = (tool: string): boolean =>
  tool === '' || /[\p{Cc}\p{Surrogate}]/u.test(tool) || new TextEncoder().encode(tool).length > 1024;
