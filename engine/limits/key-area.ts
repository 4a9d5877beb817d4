/** Where a key is put together. */
import { bodyCapacity, take } from '../memory';

/** Host, path and what a body's field may hold. */
export const BODY_KEY_AREA: u32 = 65536;

export let keyArea: usize = 0;

export function initKeyArea(): bool {
  keyArea = take(BODY_KEY_AREA + bodyCapacity);
  return keyArea != 0;
}
