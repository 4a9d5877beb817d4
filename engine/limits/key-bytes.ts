/**
 * What a limit counts by, as bytes: a tag, then the agent, the host, or host and folded path. A key of more than 264 bytes is
 * replaced by its SHA-256 under a tag of its own (a body field hashes what is longer than 256 itself). Segments are separated by a zero byte, which no reading holds.
 */
import { keyArea } from './key-area';
import { agentArea } from '../memory';
import { agentLen } from '../agents';
import { bodyFieldKey } from '../body/index';
import { digestByte, digestFinish, digestStart } from '../body/digest';
import { endpointReading, segmentAt, segmentCount } from '../path';
import { hostLen, hostPtr } from '../url';
import { isIdLike } from '../text';
import { KEY_BYTES_MAX } from './keys';

export const GLOBAL: u32 = 0;
export const AGENT: u32 = 1;
export const HOST: u32 = 2;
export const ENDPOINT: u32 = 3;
export const BODY_FIELD: u32 = 4;

const HASHED: u32 = 0x80;
/** `{id}`, little-endian. */
const FOLDED: u32 = 0x7d64697b;

function put(w: u32, p: usize, n: u32): u32 {
  memory.copy(keyArea + w, p, n);
  return w + n;
}

function endpoint(): u32 {
  let w = put(1, hostPtr, hostLen);
  // Without a reading (b) all such paths of a host share one key: two zero bytes.
  if (endpointReading < 0) {
    store<u16>(keyArea + w, 0);
    return w + 2;
  }
  const r = <u32>endpointReading;
  for (let i: u32 = 0, n = segmentCount(r); i < n; i++) {
    const at = segmentAt(r, i);
    const p = <usize>load<u32>(at);
    const len = load<u32>(at + 4);
    store<u8>(keyArea + w++, 0);
    // A mark before each segment keeps an empty one apart from the shared key.
    store<u8>(keyArea + w++, 47);
    // Without a host it is the name of a tool, which is no ID.
    if (hostLen > 0 && isIdLike(p, len)) {
      store<u32>(keyArea + w, FOLDED);
      w += 4;
    } else w = put(w, p, len);
  }
  return w;
}

/** Writes the key to `keyArea`; its length, at most 264. */
export function writeKey(per: u32, field: u32, body: bool): u32 {
  let n: u32 = 1;
  if (per == AGENT) n = put(1, agentArea, agentLen);
  else if (per == HOST) n = put(1, hostPtr, hostLen);
  else if (per == ENDPOINT) n = endpoint();
  else if (per == BODY_FIELD && body) n = 1 + bodyFieldKey(field, keyArea + 1);
  store<u8>(keyArea, <u8>per);
  if (n <= KEY_BYTES_MAX) return n;
  digestStart();
  for (let i: u32 = 0; i < n; i++) digestByte(load<u8>(keyArea + i));
  digestFinish(keyArea + 1);
  store<u8>(keyArea, <u8>(per | HASHED));
  return 33;
}

