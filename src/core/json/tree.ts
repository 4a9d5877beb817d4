/**
 * The tree that both the JSON and the YAML reader produce: values with the place they came from.
 *
 * `at` is an offset into the text (UTF-16 units). Numbers keep their source text, so that nothing passes through a double.
 * Keys of a map are unique; entries are in the order of the text.
 */
export interface MapNode {
  readonly kind: 'map';
  readonly at: number;
  readonly entries: readonly MapEntry[];
}

export interface MapEntry {
  readonly key: string;
  readonly keyAt: number;
  readonly value: TreeNode;
}

export interface ListNode {
  readonly kind: 'list';
  readonly at: number;
  readonly items: readonly TreeNode[];
}

export interface StringNode {
  readonly kind: 'string';
  readonly at: number;
  readonly value: string;
}

export interface NumberNode {
  readonly kind: 'number';
  readonly at: number;
  readonly source: string;
}

export interface BooleanNode {
  readonly kind: 'boolean';
  readonly at: number;
  readonly value: boolean;
}

export interface NullNode {
  readonly kind: 'null';
  readonly at: number;
}

export type TreeNode = MapNode | ListNode | StringNode | NumberNode | BooleanNode | NullNode;
export type NodeKind = TreeNode['kind'];
