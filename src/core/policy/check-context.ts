import type { JsonPath, Position } from './checked.js';
import type { IssueList } from './issue-list.js';
import type { Positions } from './positions.js';

/** What the checks of one policy share. */
export class CheckContext {
  private readonly paths = new Set<string>();

  constructor(
    readonly issues: IssueList,
    /** Null when the policy came as an object. */
    private readonly positions: Positions | null,
  ) {}

  place(at: number): Position | null {
    return this.positions?.of(at) ?? null;
  }

  /** Notes that a rule looks at `path`; how many different ones there are, or null when it is not a new one. */
  countPath(path: JsonPath): number | null {
    const key = JSON.stringify(path);
    if (this.paths.has(key)) return null;
    this.paths.add(key);
    return this.paths.size;
  }
}
