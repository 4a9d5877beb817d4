/**
 * Adds a signature to the envelope of a policy: a new one, or one beside those that are there.
 *
 *   in   : the envelope so far, the statement that is to be signed, one key
 *   out  : the envelope with that key's signature, and the statement that it is over
 *   never: mixes signatures over two statements
 */
import { utf8 } from '../bytes.js';
import type { Ed25519Sign } from '../ports.js';
import { type Envelope, envelopeText, readEnvelope, signedBytes } from './dsse.js';
import { POLICY_PAYLOAD_TYPE, type PolicyStatement, readPolicyStatement, statementText } from './policy-payload.js';

export interface KeyInHand {
  readonly keyId: string;
  readonly sign: Ed25519Sign;
}

/** What an envelope says of a policy, believed or not; null when it says nothing that can be read. */
export function statementIn(
  bytes: Uint8Array,
): { readonly envelope: Envelope; readonly statement: PolicyStatement } | null {
  const read = readEnvelope(bytes);
  if (!read.ok || read.envelope.payloadType !== POLICY_PAYLOAD_TYPE) return null;
  const said = readPolicyStatement(read.envelope.payload);
  return said.ok ? { envelope: read.envelope, statement: said.statement } : null;
}

/** A new envelope with one signature. */
export function signAnew(statement: PolicyStatement, key: KeyInHand): string {
  return withSignature(
    { payloadType: POLICY_PAYLOAD_TYPE, payload: utf8(statementText(statement)), signatures: [] },
    key,
  );
}

/** The envelope with one more; one that the key made before is replaced. */
export function withSignature(envelope: Envelope, key: KeyInHand): string {
  const signature = key.sign(signedBytes(envelope.payloadType, envelope.payload));
  const rest = envelope.signatures.filter(one => one.keyId !== key.keyId);
  return envelopeText({ ...envelope, signatures: [...rest, { keyId: key.keyId, signature }] });
}
