/**
 * Arguments of a tool, copied through JSON: the copy is judged, and the copy is what the tool is given.
 *
 *   in   : arguments as the caller has them
 *   out  : their JSON and a value made of it alone, or that there is none
 *   never: runs the caller's code after the JSON has been made (but to tell whether anything was lost), throws
 */

/** `lost`: something did not survive, so no policy can judge the arguments; the copy is what is left of them. */
export type CopiedArgs =
  | { readonly kind: 'none'; readonly copy: undefined }
  | { readonly kind: 'json'; readonly text: string; readonly copy: unknown; readonly lost: boolean }
  /** A cycle, a BigInt, a function: there is no JSON of it. */
  | { readonly kind: 'impossible' };

export function copyArgs(args: unknown): CopiedArgs {
  if (args === undefined) return { kind: 'none', copy: undefined };
  try {
    const text: string | undefined = JSON.stringify(args);
    if (text === undefined) return { kind: 'impossible' };
    const copy: unknown = JSON.parse(text);
    return { kind: 'json', text, copy, lost: !survived(args, copy) };
  } catch {
    return { kind: 'impossible' };
  }
}

function survived(original: unknown, copy: unknown): boolean {
  try {
    return same(original, copy);
  } catch {
    return false;
  }
}

/** Equal primitives, arrays and plain objects with the same own properties, and nothing else. */
function same(original: unknown, copy: unknown): boolean {
  if (typeof original !== 'object' || original === null) return original === copy;
  if (typeof copy !== 'object' || copy === null) return false;
  if (Array.isArray(original) !== Array.isArray(copy)) return false;
  if (!Array.isArray(original) && !isPlain(original)) return false;
  const keys = Reflect.ownKeys(original);
  if (keys.length !== Reflect.ownKeys(copy).length) return false;
  return keys.every(key => Object.hasOwn(copy, key) && same(Reflect.get(original, key), Reflect.get(copy, key)));
}

/** Of this realm or another: what counts is that the prototype is a last one. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || (typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null);
}
