/**
 * The index from hosts and paths, and from names of tools, to rules.
 *
 * Hosts without `*` by their text; others in a trie of labels from the right; `*` alone apart. Behind each stands a trie of
 * path segments whose ends hold rule indexes. Names of tools have one such trie to themselves. Numbered so that a child
 * follows its parent.
 */
import type { HostPattern, Segment, ToolPattern, UrlPattern } from '../checked.js';
import { NODE_HOST, NODE_LITERALS, NODE_MANY, OWNER_HOSTS } from './format.js';
import type { HashTable, Strings } from './writer.js';

type Parts = Extract<UrlPattern, { kind: 'parts' }>;

/** Most nodes of a large policy have one child or none, so maps are made when something goes into them. */
class TrieNode {
  literals: Map<string, TrieNode> | null = null;
  globs: Map<string, TrieNode> | null = null;
  one: TrieNode | null = null;
  many: TrieNode | null = null;
  id: TrieNode | null = null;
  readonly rules: number[] = [];
  /** In a trie of labels: what stands behind the host that ends here. */
  root: Root | null = null;
  number = 0;
  constructor(readonly isMany = false) {}

  step(segment: Segment): TrieNode {
    switch (segment.kind) {
      case 'literal':
        this.literals ??= new Map();
        return stepInto(this.literals, segment.text);
      case 'glob':
        this.globs ??= new Map();
        return stepInto(this.globs, segment.text);
      case 'one':
        this.one ??= new TrieNode();
        return this.one;
      case 'id':
        this.id ??= new TrieNode();
        return this.id;
      case 'many':
        this.many ??= new TrieNode(true);
        return this.many;
    }
  }

  children(): TrieNode[] {
    const children: TrieNode[] = [];
    for (const child of this.literals?.values() ?? []) children.push(child);
    for (const child of this.globs?.values() ?? []) children.push(child);
    for (const named of [this.one, this.many, this.id]) if (named !== null) children.push(named);
    return children;
  }
}

function stepInto(children: Map<string, TrieNode>, text: string): TrieNode {
  let child = children.get(text);
  if (child === undefined) {
    child = new TrieNode();
    children.set(text, child);
  }
  return child;
}

class Root {
  readonly trie = new TrieNode();
  number = 0;

  add(path: readonly Segment[], rule: number): void {
    let node = this.trie;
    for (const segment of path) node = node.step(segment);
    // Two patterns of one rule may say the same.
    if (node.rules.at(-1) !== rule) node.rules.push(rule);
  }
}

export interface IndexWords {
  readonly nodes: number[];
  readonly globs: number[];
  readonly roots: number[];
  readonly terms: number[];
  /** Root + 1 of host `*`, 0: none. */
  readonly anyRoot: number;
  /** First node of the trie of labels, 0: none. */
  readonly hostNode: number;
  /** Root + 1 of the names of tools, 0: none. */
  readonly toolRoot: number;
}

export class UrlIndex {
  readonly #hosts = new Map<string, Root>();
  readonly #labels = new TrieNode();
  #any: Root | null = null;
  #tools: Root | null = null;

  add(pattern: Parts, rule: number): void {
    for (const root of this.#rootsOf(pattern.host)) {
      root.add(pattern.path, rule);
    }
  }

  addTool(pattern: ToolPattern, rule: number): void {
    this.#tools ??= new Root();
    this.#tools.add(pattern.path, rule);
  }

  #rootsOf(host: HostPattern): Root[] {
    if (host.kind === 'any') {
      this.#any ??= new Root();
      return [this.#any];
    }
    if (host.kind === 'address') {
      return [host.text, host.alias].filter(text => text !== null).map(text => this.#exact(text));
    }
    const texts = host.labels.map(label => (label.kind === 'literal' ? label.text : null));
    if (!texts.includes(null)) return [this.#exact(texts.join('.'))];
    let node = this.#labels;
    for (const label of host.labels.toReversed()) node = node.step(label);
    node.root ??= new Root();
    return [node.root];
  }

  #exact(host: string): Root {
    let root = this.#hosts.get(host);
    if (root === undefined) {
      root = new Root();
      this.#hosts.set(host, root);
    }
    return root;
  }

  words(strings: Strings, hash: HashTable): IndexWords {
    const out: IndexWords = { nodes: [], globs: [], roots: [], terms: [], anyRoot: 0, hostNode: 0, toolRoot: 0 };
    const order: TrieNode[] = [];
    /** Node 0 is none. */
    const number = (top: TrieNode): void => {
      const stack = [top];
      for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
        order.push(node);
        node.number = order.length;
        for (const child of node.children().reverse()) stack.push(child);
      }
    };
    const roots: Root[] = [];
    const addRoot = (root: Root): number => {
      root.number = roots.push(root) - 1;
      return root.number;
    };

    const hasLabels = this.#labels.children().length > 0;
    if (hasLabels) number(this.#labels);
    const hostNodes = order.length;
    for (const node of order) if (node.root !== null) addRoot(node.root);
    for (const [host, root] of this.#hosts) hash.add(OWNER_HOSTS, host, addRoot(root));
    const anyRoot = this.#any === null ? 0 : addRoot(this.#any) + 1;
    const toolRoot = this.#tools === null ? 0 : addRoot(this.#tools) + 1;

    let terms = 0;
    for (const root of roots) {
      const from = order.length;
      number(root.trie);
      let below = 0;
      for (let i = from; i < order.length; i++) below += order[i]!.rules.length;
      out.roots.push(root.trie.number, terms, below);
      terms += below;
    }
    out.nodes.push(0, 0, 0, 0, 0, 0, 0, 0);
    order.forEach((node, i) => {
      writeNode(node, i < hostNodes, out, strings, hash);
    });
    return { ...out, anyRoot, hostNode: hasLabels ? 1 : 0, toolRoot };
  }
}

function writeNode(node: TrieNode, inHost: boolean, out: IndexWords, strings: Strings, hash: HashTable): void {
  node.literals?.forEach((child, text) => {
    hash.add(node.number, text, child.number);
  });
  const firstGlob = out.globs.length / 3;
  for (const [text, child] of node.globs ?? []) out.globs.push(...strings.ref(text), child.number);
  const flags = (node.isMany ? NODE_MANY : 0) | (inHost ? NODE_HOST : 0) | (node.literals === null ? 0 : NODE_LITERALS);
  const end = inHost ? (node.root?.number ?? 0) : out.terms.length;
  const ends = inHost ? (node.root === null ? 0 : 1) : node.rules.length;
  if (!inHost) for (const rule of node.rules) out.terms.push(rule);
  out.nodes.push(
    firstGlob,
    node.globs?.size ?? 0,
    node.one?.number ?? 0,
    node.many?.number ?? 0,
    node.id?.number ?? 0,
    end,
    ends,
    flags,
  );
}
