/**
 * DSSE envelopes: a payload, its type, and signatures over both.
 *
 *   file    {"payload": <base64>, "payloadType": <text>, "signatures": [{"keyid": <key ID>, "sig": <base64>}, …]}
 *   signed  DSSEv1 <length of type> <type> <length of payload> <payload>   (lengths in bytes, decimal; one space between)
 *
 *   in   : bytes of a file; for signing, a payload
 *   out  : what the envelope holds, or a sentence about what is wrong with it
 *   never: says whether a signature is good (signers.ts does), or quotes what it read
 *
 * Stricter than the specification, which lets readers pass over members they do not know and takes two spellings of
 * base64: here one text has one reading, and `keyid` is our own key ID (audit/key-id.ts).
 *
 * @see https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
 */
import { concat, fromBase64, fromUtf8, toBase64, utf8 } from '../bytes.js';
import { readJson } from '../json/reader.js';
import type { TreeNode } from '../json/tree.js';
import { ENVELOPE_MAX_BYTES } from '../limits.js';

const ENVELOPE_MAX_SIGNATURES = 64;

const SIGNATURE_BYTES = 64;
const KEY_ID = /^[0-9a-f]{16}$/;

export interface EnvelopeSignature {
  /** 16 lower-case hexadecimal characters; a hint, not yet believed. */
  readonly keyId: string;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly EnvelopeSignature[];
}

export type EnvelopeReading =
  | { readonly ok: true; readonly envelope: Envelope }
  | { readonly ok: false; readonly detail: string };

/** The bytes that are signed (the specification calls them PAE). */
export function signedBytes(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType);
  return concat(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload);
}

/** Reads one envelope, strictly. Never throws. */
export function readEnvelope(bytes: Uint8Array): EnvelopeReading {
  if (bytes.length > ENVELOPE_MAX_BYTES) return wrong(`it is larger than ${ENVELOPE_MAX_BYTES} bytes`);
  const text = fromUtf8(bytes);
  if (text === null) return wrong('it is not UTF-8');
  const read = readJson(text);
  if (!read.ok) return wrong(`it is not JSON: ${read.error.message}`);
  const members = membersOf(read.root, ['payload', 'payloadType', 'signatures']);
  if (members === null) return wrong('it must hold `payload`, `payloadType` and `signatures`, and nothing else');
  const [payload, type, list] = members;
  const payloadBytes = base64Of(payload);
  if (payloadBytes === null) return wrong('`payload` is not base64 as RFC 4648 §4 writes it');
  if (type?.kind !== 'string' || type.value === '') return wrong('`payloadType` is not a text');
  if (list?.kind !== 'list' || list.items.length === 0)
    return wrong('`signatures` is not a list with a signature in it');
  if (list.items.length > ENVELOPE_MAX_SIGNATURES)
    return wrong(`it has more than ${ENVELOPE_MAX_SIGNATURES} signatures`);
  const signatures = list.items.map(signatureOf);
  if (!signatures.every(one => one !== null)) {
    return wrong('each signature must hold `keyid` (16 hexadecimal characters) and `sig` (base64 of 64 bytes)');
  }
  return { ok: true, envelope: { payloadType: type.value, payload: payloadBytes, signatures } };
}

/** The envelope as the text of a file. */
export function envelopeText({ payloadType, payload, signatures }: Envelope): string {
  const list = signatures.map(({ keyId, signature }) => ({ keyid: keyId, sig: toBase64(signature) }));
  return `${JSON.stringify({ payload: toBase64(payload), payloadType, signatures: list }, null, 2)}\n`;
}

function wrong(detail: string): EnvelopeReading {
  return { ok: false, detail };
}

/** The values of exactly `names`, in that order; null when one is missing or there is another. */
function membersOf(node: TreeNode, names: readonly string[]): readonly (TreeNode | undefined)[] | null {
  if (node.kind !== 'map' || node.entries.length !== names.length) return null;
  const values = names.map(name => node.entries.find(({ key }) => key === name)?.value);
  return values.includes(undefined) ? null : values;
}

function base64Of(node: TreeNode | undefined): Uint8Array | null {
  return node?.kind === 'string' ? fromBase64(node.value) : null;
}

function signatureOf(node: TreeNode): EnvelopeSignature | null {
  const [id, sig] = membersOf(node, ['keyid', 'sig']) ?? [];
  const signature = base64Of(sig);
  if (id?.kind !== 'string' || !KEY_ID.test(id.value) || signature?.length !== SIGNATURE_BYTES) return null;
  return { keyId: id.value, signature };
}
