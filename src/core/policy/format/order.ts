/** The order in which keys are written: that of the tables. */
import { DOCUMENT_KEYS, type KeyRow, type KeyTable, TABLES } from '../definition.js';

export const ROOT: KeyTable = DOCUMENT_KEYS;

/** The table of the mappings under `key`, or null where data stands there. */
export function tableUnder(table: KeyTable, key: string): KeyTable | null {
  const row: KeyRow | undefined = Object.hasOwn(table, key) ? table[key] : undefined;
  return row?.of === undefined ? null : TABLES[row.of];
}

/** `items` by the place of their key in the table; what the table does not have stays behind, in its order. */
export function inOrder<T>(items: readonly T[], keyOf: (item: T) => string, table: KeyTable): T[] {
  const places = new Map(Object.keys(table).map((key, i) => [key, i]));
  const place = (item: T): number => places.get(keyOf(item)) ?? places.size;
  return [...items].sort((a, b) => place(a) - place(b));
}
