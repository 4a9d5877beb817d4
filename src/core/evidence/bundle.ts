/**
 * Evidence as one file: a tar archive of plain files, the same bytes for the same records.
 *
 *   README.txt              what this is, what it shows and does not, how to check it without checkrd
 *   check.py                all checks, with Python's standard library and openssl
 *   evidence.json           { "format": "checkrd-evidence-v1", "log", "asked": {…}, "public_key",
 *                             "records": [{ "index", "checkpoint": SIZE, "path": [BASE64…] }],
 *                             "policies": [SHA256…], "missing_policies": [SHA256…] }
 *   records.jsonl           the records as they stand in the log, in the order of evidence.json
 *   checkpoints/<size>.txt  the notes that cover them
 *   keys.jsonl              the log's `key_rotated` lines, if it has any
 *   policies/<sha256>       the bytes of each policy that a record names
 */
import { toBase64, utf8 } from '../bytes.js';
import type { Sha256 } from '../ports.js';
import { readmeText } from './bundle-readme.js';
import { CHECK_SCRIPT } from './check-script.js';
import { type TarFile, tar } from './tar.js';

export const EVIDENCE_FORMAT = 'checkrd-evidence-v1';

/** What was asked for, in the words of the command line. */
export interface Asked {
  readonly request?: string;
  readonly agent?: string;
  readonly since?: string;
  readonly until?: string;
}

export interface ProvenRecord {
  readonly index: number;
  readonly line: string;
  /** Size of the checkpoint that covers it. */
  readonly checkpoint: number;
  readonly path: readonly Uint8Array[];
}

export interface Evidence {
  readonly log: string;
  readonly asked: Asked;
  /** The log's first key, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly records: readonly ProvenRecord[];
  /** Notes by size. */
  readonly checkpoints: ReadonlyMap<number, string>;
  readonly rotations: readonly string[];
  /** By hash; null: its bytes are not to be had. */
  readonly policies: ReadonlyMap<string, Uint8Array | null>;
}

export function evidenceTar(sha256: Sha256, evidence: Evidence): Uint8Array {
  const policies = [...evidence.policies].sort(([a], [b]) => (a < b ? -1 : 1));
  const held = policies.flatMap(([hash, bytes]) => (bytes === null ? [] : [{ hash, bytes }]));
  const missing = policies.flatMap(([hash, bytes]) => (bytes === null ? [hash] : []));
  const sizes = [...evidence.checkpoints.keys()].sort((a, b) => a - b);
  // Most hashes stand in many paths, as one and the same array.
  const texts = new Map<Uint8Array, string>();
  const base64 = (hash: Uint8Array): string => {
    const known = texts.get(hash) ?? toBase64(hash);
    texts.set(hash, known);
    return known;
  };
  const index = {
    format: EVIDENCE_FORMAT,
    log: evidence.log,
    asked: evidence.asked,
    public_key: toBase64(evidence.publicKey),
    records: evidence.records.map(r => ({ index: r.index, checkpoint: r.checkpoint, path: r.path.map(base64) })),
    policies: held.map(({ hash }) => hash),
    missing_policies: missing,
  };
  const text = (name: string, body: string): TarFile => ({ name, bytes: utf8(body) });
  return tar([
    text('README.txt', readmeText(sha256, evidence, sizes, missing)),
    text('check.py', CHECK_SCRIPT),
    text('evidence.json', `${JSON.stringify(index, null, 1)}\n`),
    text('records.jsonl', evidence.records.map(({ line }) => `${line}\n`).join('')),
    ...sizes.map(size => text(`checkpoints/${size}.txt`, evidence.checkpoints.get(size) as string)),
    ...(evidence.rotations.length === 0 ? [] : [text('keys.jsonl', evidence.rotations.map(l => `${l}\n`).join(''))]),
    ...held.map(({ hash, bytes }) => ({ name: `policies/${hash}`, bytes })),
  ]);
}
