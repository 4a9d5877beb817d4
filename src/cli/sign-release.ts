/** Signs the release of a latched kill, or adds a signature to one that others have signed. */
import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { keyId } from '../core/audit/key-id.js';
import { utf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { ENVELOPE_MAX_BYTES } from '../core/limits.js';
import { withSignature } from '../core/trust/co-sign.js';
import { type Envelope, readEnvelope } from '../core/trust/dsse.js';
import { isLatchId, isOrigin, RELEASE_TYPE, readRelease, releasePayload } from '../core/trust/release.js';
import { readKeyFile } from '../crypto/read-keys.js';
import { sha256 } from '../crypto/sha256.js';
import { replaceFile } from '../disk/durable.js';
import { errorCode } from '../disk/error-code.js';
import { readWhole } from '../disk/read-whole.js';
import { Misuse } from './args.js';
import type { CliIo } from './io.js';

export interface SignedRelease {
  /** Absolute. */
  readonly file: string;
  /** Of all who have signed it. */
  readonly keyIds: readonly string[];
}

const MODE = 0o644;

/** @throws Misuse, a Fault of the key file, or `release_unwritable` */
export function signRelease(
  { id, log }: { readonly id: string; readonly log: string },
  keyFile: string,
  out: string,
  io: CliIo,
): SignedRelease {
  if (!isLatchId(id)) throw new Misuse(`'${id}' is no ID of a latched kill`, 'it is 32 hexadecimal characters');
  if (!isOrigin(log))
    throw new Misuse(`'${log}' is no origin of a log`, 'it reads host/agent/16 hexadecimal characters');
  const { publicKey, sign } = readKeyFile(resolve(io.cwd, keyFile));
  const file = resolve(io.cwd, out);
  const standing = releaseAt(file, id, log);
  const payload = standing?.payload ?? releasePayload({ id, log, issued: new Date().toISOString() });
  const unsigned = { payloadType: RELEASE_TYPE, payload, signatures: standing?.signatures ?? [] };
  const text = withSignature(unsigned, { keyId: keyId(sha256, publicKey), sign });
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    replaceFile(file, utf8(text), MODE);
  } catch (error) {
    throw new Fault('release_unwritable', { path: file, error: errorCode(error) }, { cause: error });
  }
  return { file, keyIds: releaseAt(file, id, log)?.signatures.map(one => one.keyId) ?? [] };
}

/** The release of the same engagement that is there already, for others have signed it; null for anything else. */
function releaseAt(path: string, id: string, log: string): Envelope | null {
  const file = readWhole(path, ENVELOPE_MAX_BYTES);
  const read = file.ok ? readEnvelope(file.bytes) : null;
  if (!read?.ok || read.envelope.payloadType !== RELEASE_TYPE) return null;
  const release = readRelease(read.envelope.payload);
  return release?.id === id && release.log === log ? read.envelope : null;
}
