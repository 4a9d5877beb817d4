/** Signs an engine file, or adds a signature to one that others have signed. */
import { resolve } from 'node:path';
import { engineDigest } from '../agent/engine/admission.js';
import { proveEngine } from '../agent/engine/prove.js';
import { keyId } from '../core/audit/key-id.js';
import { utf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { BODY_INSPECT_DEFAULT_BYTES, ENGINE_FILE_MAX_BYTES, ENVELOPE_MAX_BYTES } from '../core/limits.js';
import { ENVELOPE_SUFFIX } from '../core/policy/layers.js';
import { withSignature } from '../core/trust/co-sign.js';
import { type Envelope, readEnvelope } from '../core/trust/dsse.js';
import { ENGINE_PAYLOAD_TYPE, engineStatementText, readEngineStatement } from '../core/trust/engine-payload.js';
import { readKeyFile } from '../crypto/read-keys.js';
import { sha256 } from '../crypto/sha256.js';
import { replaceFile } from '../disk/durable.js';
import { errorCode } from '../disk/error-code.js';
import { readWhole } from '../disk/read-whole.js';
import type { CliIo } from './io.js';

export interface SignedEngine {
  /** Absolute path of the envelope. */
  readonly envelope: string;
  readonly sha256: string;
  readonly abi: number;
  /** Of all who have signed it. */
  readonly keyIds: readonly string[];
}

/**
 * @param anew  Whether the signatures that are there are dropped.
 * @throws Fault `engine_integrity`, `engine_unproven`, `input_unreadable`, `output_unwritable`, those of the key file
 */
export async function signEngine(file: string, keyFile: string, anew: boolean, io: CliIo): Promise<SignedEngine> {
  const path = resolve(io.cwd, file);
  const read = readWhole(path, ENGINE_FILE_MAX_BYTES);
  if (!read.ok) throw new Fault('input_unreadable', { path, why: read.error });
  const { publicKey, sign } = readKeyFile(resolve(io.cwd, keyFile));
  const hash = engineDigest(read.bytes);
  const inspectBytes = BODY_INSPECT_DEFAULT_BYTES;
  const trial = { path, sha256: hash, bytes: read.bytes, running: null, documents: [], inspectBytes };
  const { abi } = await proveEngine(trial);
  const envelope = `${path}${ENVELOPE_SUFFIX}`;
  const standing = anew ? null : standingAt(envelope, hash, abi);
  const statement = { sha256: hash, abi, issued: new Date().toISOString() };
  const payload = standing?.payload ?? utf8(engineStatementText(statement));
  const unsigned = { payloadType: ENGINE_PAYLOAD_TYPE, payload, signatures: standing?.signatures ?? [] };
  const text = withSignature(unsigned, { keyId: keyId(sha256, publicKey), sign });
  try {
    replaceFile(envelope, utf8(text), 0o644);
  } catch (error) {
    throw new Fault('output_unwritable', { path: envelope, why: errorCode(error) }, { cause: error });
  }
  const keyIds = standingAt(envelope, hash, abi)?.signatures.map(one => one.keyId) ?? [];
  return { envelope, sha256: hash, abi, keyIds };
}

/** The envelope that speaks for the same engine already; null for anything else. */
function standingAt(path: string, hash: string, abi: number): Envelope | null {
  const file = readWhole(path, ENVELOPE_MAX_BYTES);
  const read = file.ok ? readEnvelope(file.bytes) : null;
  if (!read?.ok || read.envelope.payloadType !== ENGINE_PAYLOAD_TYPE) return null;
  const said = readEngineStatement(read.envelope.payload);
  return said.ok && said.statement.sha256 === hash && said.statement.abi === abi ? read.envelope : null;
}
