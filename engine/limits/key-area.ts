/** Where a key is put together. */
import { take } from '../memory';

/** Host and path with their separators, before they are hashed. */
const KEY_AREA: u32 = 65536;

export let keyArea: usize = 0;

export function initKeyArea(): bool {
  keyArea = take(KEY_AREA);
  return keyArea != 0;
}
