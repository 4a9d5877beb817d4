/**
 * A tree as a nondeterministic machine over bytes.
 *
 *   in   : a tree
 *   out  : nodes; each takes one byte, forks, asks for a condition, or says that a match is found
 *   never: more than NFA_MAX_NODES, however counts are nested
 */
import { type Assertion, type Regex, RegexRefusal } from './syntax.js';
import { type ByteStep, byteTree } from './utf8-tree.js';

/** Past this the table would be over its bound in all but freak patterns, and making it would take long. */
const NFA_MAX_NODES = 20_000;

export type NfaNode =
  | { readonly kind: 'bytes'; readonly ranges: readonly (readonly [lo: number, hi: number, to: number])[] }
  | { readonly kind: 'fork'; readonly to: number[] }
  | { readonly kind: 'assert'; readonly assertion: Assertion; readonly to: number }
  | { readonly kind: 'match' };

export interface Nfa {
  readonly nodes: readonly NfaNode[];
  readonly start: number;
  readonly assertions: ReadonlySet<Assertion>;
}

/** @throws RegexRefusal when it would be too large. */
export function buildNfa(regex: Regex): Nfa {
  const builder = new Builder();
  const start = builder.add(regex, builder.node({ kind: 'match' }));
  const assertions = builder.nodes.flatMap(node => (node.kind === 'assert' ? [node.assertion] : []));
  return { nodes: builder.nodes, start, assertions: new Set(assertions) };
}

class Builder {
  readonly nodes: NfaNode[] = [];
  readonly #trees = new Map<string, ByteStep>();

  node(node: NfaNode): number {
    if (this.nodes.length >= NFA_MAX_NODES) throw new RegexRefusal('too many nodes', null, true);
    return this.nodes.push(node) - 1;
  }

  /** The node where `regex` begins that goes on at `to`. */
  add(regex: Regex, to: number): number {
    switch (regex.kind) {
      case 'set':
        return this.#bytes(this.#tree(regex.set), to, new Map());
      case 'assert':
        return this.node({ kind: 'assert', assertion: regex.assertion, to });
      case 'all':
        return regex.parts.reduceRight((next, part) => this.add(part, next), to);
      case 'any':
        return this.node({ kind: 'fork', to: regex.parts.map(part => this.add(part, to)) });
      default:
        return this.#repeat(regex, to);
    }
  }

  #repeat({ part, min, max }: Extract<Regex, { kind: 'repeat' }>, to: number): number {
    let next = to;
    if (max === null) {
      const exits: number[] = [to];
      const loop = this.node({ kind: 'fork', to: exits });
      const body = this.add(part, loop);
      exits.push(body);
      next = min === 0 ? loop : body;
    } else {
      for (let n = max - min; n > 0; n--) next = this.node({ kind: 'fork', to: [this.add(part, next), to] });
    }
    for (let n = max === null ? min - 1 : min; n > 0; n--) next = this.add(part, next);
    return next;
  }

  #tree(set: readonly number[]): ByteStep {
    const key = set.join();
    let tree = this.#trees.get(key);
    if (tree === undefined) {
      tree = byteTree(set);
      this.#trees.set(key, tree);
    }
    return tree;
  }

  #bytes(step: ByteStep, to: number, made: Map<ByteStep, number>): number {
    const before = made.get(step);
    if (before !== undefined) return before;
    const ranges = step.ranges.map(
      ({ lo, hi, next }) => [lo, hi, next === null ? to : this.#bytes(next, to, made)] as const,
    );
    const node = this.node({ kind: 'bytes', ranges });
    made.set(step, node);
    return node;
  }
}
