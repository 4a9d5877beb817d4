/**
 * What a witness may sign: a checkpoint that follows from the last one it signed of that log.
 *
 *   in   : what it remembers of the log, what it is asked to sign
 *   out  : sign it, or why not; a fork is told apart from a proof that is missing or wrong
 *   never: signs a smaller log, or two roots of one size
 *
 * What it remembers is the last note itself: with another note that contradicts it, both signed by the log, anybody can see
 * the fork without believing the witness.
 */
import { parseCheckpointText, parseNote } from '../audit/note.js';
import { verifyConsistency } from '../audit/proof.js';
import { sameBytes } from '../bytes.js';
import { keysFrom, rotatedTo, rotationsTo } from './key-path.js';
import type { ConsistencyProof } from './proof-file.js';
import { type EvidencePorts, type HeadProblem, readSignedHead, type SignedHead } from './signed-head.js';

/** By origin: the last note signed, as the log signed it, and the `key_rotated` lines that led to its key. */
export interface WitnessMemory {
  readonly [origin: string]: { readonly note: string; readonly rotations: readonly string[] };
}

export type WitnessRefusal =
  | HeadProblem
  /** Same size, other root. */
  | 'fork'
  /** The log was larger when it was signed last. */
  | 'rolled_back'
  /** A proof from the size signed last is needed. */
  | 'proof_needed'
  /** The proof does not lead from the old root to the new one: the log is forked, or the proof is another's. */
  | 'not_consistent';

export type WitnessAnswer =
  | { readonly ok: true; readonly head: SignedHead; readonly text: string; readonly memory: WitnessMemory }
  | {
      readonly ok: false;
      readonly why: WitnessRefusal;
      readonly head: SignedHead | null;
      readonly last: LastSigned | null;
    };

export interface LastSigned {
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

/** @param anchors Keys of logs that the witness was told to trust. */
export function judgeCheckpoint(
  ports: EvidencePorts,
  memory: WitnessMemory,
  asked: Pick<ConsistencyProof, 'note' | 'rotations' | 'path' | 'oldSize'>,
  anchors: readonly Uint8Array[],
): WitnessAnswer {
  const parsed = parseNote(asked.note);
  const said = parsed && parseCheckpointText(parsed.text);
  if (!parsed || !said) return { ok: false, why: 'malformed_note', head: null, last: null };
  const remembered = Object.hasOwn(memory, said.origin) ? memory[said.origin] : undefined;
  const rotations = [...(remembered?.rotations ?? []), ...asked.rotations];
  const read = readSignedHead(ports, asked.note, anchors, rotations);
  const last = remembered === undefined ? null : lastSigned(remembered.note);
  if (!read.ok) return { ok: false, why: read.why, head: null, last };
  const { head } = read;
  const refuse = (why: WitnessRefusal): WitnessAnswer => ({ ok: false, why, head, last });
  if (last !== null) {
    if (head.size < last.size) return refuse('rolled_back');
    if (head.size === last.size && !sameBytes(head.root, last.root)) return refuse('fork');
    if (head.size > last.size && last.size > 0) {
      if (asked.oldSize !== last.size) return refuse('proof_needed');
      const claim = { oldSize: last.size, oldRoot: last.root, newSize: head.size, newRoot: head.root };
      if (!verifyConsistency(ports.sha256, { ...claim, proof: asked.path })) return refuse('not_consistent');
    }
  }
  // Only what the log itself signed is kept: whoever brings a request may put anything into it.
  const trusted = new Set(keysFrom(ports.sha256, ports.verify, said.origin, anchors, rotations).map(({ id }) => id));
  const led = [...new Set(rotations)].filter(line => trusted.has(rotatedTo(line) ?? ''));
  const kept = { note: asked.note, rotations: rotationsTo(head.key.id, led) };
  return { ok: true, head, text: parsed.text, memory: { ...memory, [said.origin]: kept } };
}

function lastSigned(note: string): LastSigned | null {
  const parsed = parseNote(note);
  const said = parsed && parseCheckpointText(parsed.text);
  return said ? { size: said.size, root: said.root, note } : null;
}

/** The memory as the text of its file. */
export function memoryText(memory: WitnessMemory): string {
  const logs = Object.keys(memory)
    .sort()
    .map(origin => {
      const { note, rotations } = memory[origin] as WitnessMemory[string];
      return { origin, checkpoint: note, ...(rotations.length > 0 && { keys: rotations }) };
    });
  return `${JSON.stringify({ format: FORMAT, logs }, null, 2)}\n`;
}

const FORMAT = 'checkrd-witness-v1';

/** The inverse of {@link memoryText}; null for anything else: a witness that forgot must not sign. */
export function readMemory(text: string): WitnessMemory | null {
  try {
    const { format, logs } = JSON.parse(text) as { readonly format: unknown; readonly logs: unknown };
    if (format !== FORMAT || !Array.isArray(logs)) return null;
    const memory: Record<string, WitnessMemory[string]> = Object.create(null);
    for (const { origin, checkpoint, keys = [] } of logs as readonly Record<string, unknown>[]) {
      if (typeof origin !== 'string' || typeof checkpoint !== 'string' || !Array.isArray(keys)) return null;
      if (originMissing(origin, checkpoint) || !keys.every(line => typeof line === 'string')) return null;
      if (Object.hasOwn(memory, origin)) return null;
      memory[origin] = { note: checkpoint, rotations: keys };
    }
    return memory;
  } catch {
    return null;
  }
}

function originMissing(origin: string, note: string): boolean {
  const parsed = parseNote(note);
  return (parsed && parseCheckpointText(parsed.text))?.origin !== origin;
}
