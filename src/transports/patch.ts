/**
 * One function of the runtime in another's place, and back.
 *
 *   in   : an object, the name of one of its methods, what to do instead
 *   out  : an undo that restores exactly
 *   never: another `name`, `length` or own property than the original's; an undo that tears down somebody else's patch
 */

// Any function of the runtime's: its arguments are passed on as they are.
export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
export type Undo = () => void;

export interface Patch {
  /** Restores the original. Where somebody has patched over it meanwhile it stays and passes everything through. */
  readonly undo: Undo;
  /** False: somebody has patched over it since. */
  isOnTop(): boolean;
}

/** Null where the runtime has no such method. */
export function patchMethod(
  target: object,
  key: PropertyKey,
  make: (original: AnyFunction) => AnyFunction,
): Patch | null {
  const before = Object.getOwnPropertyDescriptor(target, key);
  const original: unknown = before?.value;
  if (before === undefined || typeof original !== 'function') return null;
  const native = original as AnyFunction;
  const instead = make(native);
  let active = true;
  const shim = function (this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(active ? instead : native, this, args);
  };
  dressAs(shim, native);
  Object.defineProperty(target, key, { ...before, value: shim });
  return {
    isOnTop: () => Object.getOwnPropertyDescriptor(target, key)?.value === shim,
    undo: () => {
      active = false;
      if (Object.getOwnPropertyDescriptor(target, key)?.value === shim) Object.defineProperty(target, key, before);
    },
  };
}

/** `name`, `length`, `util.promisify.custom` and whatever else the original carries. */
export function dressAs(shim: object, original: object): void {
  const { prototype: _own, ...carried } = Object.getOwnPropertyDescriptors(original) as Record<
    PropertyKey,
    PropertyDescriptor
  >;
  Object.defineProperties(shim, carried);
}

/** Several patches as one. */
export function undoAll(patches: readonly (Patch | null)[]): Undo {
  return () => {
    for (const patch of patches.toReversed()) patch?.undo();
  };
}

export function allOnTop(patches: readonly (Patch | null)[]): () => boolean {
  return () => patches.every(patch => patch === null || patch.isOnTop());
}
