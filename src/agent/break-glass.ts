/**
 * Break glass in force: a signed file that for a while turns denials of the policy into recorded, allowed calls.
 *
 *   in   : the file (read-break-glass.ts), what is remembered in `state/break-glass.json`, the clocks
 *   out  : what is in force now; a record and a loud word at its begin and end, and a word each minute between
 *   never: begins before its begin is in the log and remembered on disk; outlasts `expires`, the file, or the trust in its
 *          signers; comes back once it has ended; throws; waits
 *
 * Every decision asks the clocks, so its end needs no event.
 */
import type { OperatorActionFields } from '../core/audit/fields.js';
import { utf8 } from '../core/bytes.js';
import type { SystemClocks } from '../core/system-clocks.js';
import { type GlassRefusal, judgeBreakGlass } from '../core/trust/break-glass.js';
import {
  GLASS_MEMORY_MAX_BYTES,
  type GlassMemory,
  glassMemoryText,
  joinGlass,
  knownGlass,
  NO_GLASS,
  readGlassMemory,
  seenGlass,
  spentGlass,
} from '../core/trust/break-glass-memory.js';
import { readLatch, writeLatch } from '../disk/latch-store.js';
import { type GlassSource, type RefusedGlass, readGlassFile, type SignedGlass } from './read-break-glass.js';
import type { Glass, GlassState } from './types.js';

export interface BreakGlassOptions extends GlassSource {
  /** Absolute path of `break-glass.json`. */
  readonly memoryPath: string;
  /** `allow_break_glass`. */
  readonly isAllowed: boolean;
  readonly clocks: () => SystemClocks;
  /** Writes a record; false: it is not in the log. */
  readonly note: (fields: OperatorActionFields) => boolean;
  /** Tells whoever watches a terminal or the journal. */
  readonly warn: (text: string) => void;
}

interface Live extends GlassState {
  readonly id: string;
  readonly deadlineMs: number;
}

type Refusal = Pick<RefusedGlass, 'why' | 'because'>;

const LOUD_EVERY_MS = 60_000;

const NOT_NOW: Readonly<Record<GlassRefusal, string>> = {
  issued_ahead: 'it says it was issued more than five minutes from now',
  expired: 'its time is over',
  spent: 'it has ended before, and counts once',
};

export class BreakGlassInForce implements Glass {
  #live: Live | null = null;
  #isOver = false;
  #memory: GlassMemory = NO_GLASS;
  /** The one that ended here by its time: its file may lie there without a word. */
  #expired: string | null = null;
  #refusal: { readonly key: string; readonly text: string; readonly isProblem: boolean } | null = null;
  #loudMs = 0;
  /** Ends that the log could not take yet. */
  readonly #unsaid: OperatorActionFields[] = [];

  constructor(readonly options: BreakGlassOptions) {
    this.refresh();
  }

  inForce(wallMs: number): GlassState | null {
    const live = this.#live;
    if (live === null || this.#isOver) return null;
    // Once over, it stays so, whatever the wall clock says next.
    this.#isOver = wallMs >= live.expiresMs || this.options.clocks().bootMs >= live.deadlineMs;
    return this.#isOver ? null : live;
  }

  /** What an operator should know now, as sentences. */
  get problems(): readonly string[] {
    return this.#refusal?.isProblem === true ? [this.#refusal.text] : [];
  }

  /** Looks at the file and the clocks. */
  refresh(): void {
    while (this.#unsaid[0] !== undefined && this.options.note(this.#unsaid[0])) this.#unsaid.shift();
    const file = readGlassFile(this.options);
    const live = this.#live;
    if (live !== null) {
      const isSame = file.is === 'good' && file.id === live.id;
      if (isSame && this.inForce(this.options.clocks().wallMs) !== null) {
        this.#stillThere(live);
        return;
      }
      this.#end(
        live,
        isSame ? 'expired' : file.is === 'absent' ? 'removed' : file.is === 'good' ? 'replaced' : file.why,
      );
      if (isSame) this.#expired = live.id;
    }
    if (file.is === 'absent') {
      this.#refusal = null;
      this.#expired = null;
    } else if (file.is === 'refused') this.#refuse(file, true);
    else if (file.id !== this.#expired) this.#begin(file);
  }

  #begin(signed: SignedGlass): void {
    const { id, glass, keyIds, uid } = signed;
    const now = this.options.clocks();
    const admitted = this.#admit(signed, now);
    if ('why' in admitted) {
      this.#refuse({ is: 'refused', ...admitted, seen: id, uid }, glass.expiresMs > now.wallMs);
      return;
    }
    const { agents, reason, expiresMs } = glass;
    const until = new Date(expiresMs).toISOString();
    const said = `until ${until}: ${reason}; agents ${agents.join(',')}; signed by ${keyIds.join(' ')}`;
    const record = { type: 'operator_action', action: 'break_glass_begun', by_uid: uid, reason: said } as const;
    // The record comes first: nothing is let through that the log does not explain. It is tried again at the next look.
    if (!this.options.note(record)) return;
    this.#live = { id, agents, reason, expiresMs, keyIds, deadlineMs: now.bootMs + admitted.remainingMs };
    this.#isOver = false;
    this.#refusal = null;
    this.#beLoud(this.#live, now.bootMs);
  }

  /** Whether it may count, and for how long; that it does is on disk by then. */
  #admit({ id, glass }: SignedGlass, now: SystemClocks): { readonly remainingMs: number } | Refusal {
    const { isAllowed, memoryPath } = this.options;
    if (!isAllowed) return { why: 'forbidden', because: 'the settings say `allow_break_glass: false`' };
    const unusable = this.#join();
    if (unusable !== null) return { why: 'memory_unusable', because: `\`${memoryPath}\` cannot be read (${unusable})` };
    const verdict = judgeBreakGlass(glass, knownGlass(this.#memory, id, glass.expiresMs), now);
    if ('refused' in verdict) return { why: verdict.refused, because: NOT_NOW[verdict.refused] };
    this.#memory = seenGlass(this.#memory, id, glass.expiresMs, verdict.remainingMs, now);
    const unsaved = this.#save();
    return unsaved === null
      ? verdict
      : { why: 'memory_unusable', because: `\`${memoryPath}\` cannot be written (${unsaved})` };
  }

  #stillThere(live: Live): void {
    const now = this.options.clocks();
    if (now.bootMs - this.#loudMs < LOUD_EVERY_MS) return;
    this.#beLoud(live, now.bootMs);
    // How far it has got, for a start after which only the wall clock can tell.
    this.#join();
    this.#memory = seenGlass(this.#memory, live.id, live.expiresMs, live.deadlineMs - now.bootMs, now);
    this.#save();
  }

  #beLoud(live: Live, bootMs: number): void {
    this.#loudMs = bootMs;
    this.options.warn(glassText(live));
  }

  #end(live: Live, why: string): void {
    this.#live = null;
    // Somebody ended it, or its time did. A signer or a mode in doubt may be mended, and its clock goes on.
    if (why === 'expired' || why === 'removed' || why === 'replaced') {
      this.#join();
      this.#memory = spentGlass(this.#memory, live.id);
      this.#save();
    }
    const record: OperatorActionFields = { type: 'operator_action', action: 'break_glass_ended', reason: why };
    if (this.#unsaid.length > 0 || !this.options.note(record)) this.#unsaid.push(record);
    this.options.warn(`break glass has ended (${why}): the policy binds again`);
  }

  /** Recorded once for each file and reason. */
  #refuse({ why, because, seen, uid }: RefusedGlass, isProblem: boolean): void {
    const key = `${why} ${seen}`;
    const isNew = this.#refusal?.key !== key;
    this.#refusal = { key, text: `break glass \`${this.options.path}\` is refused: ${because}`, isProblem };
    if (!isNew) return;
    const by = uid === null ? {} : { by_uid: uid };
    this.options.note({ type: 'operator_action', action: 'break_glass_refused', ...by, reason: why });
    this.options.warn(this.#refusal.text);
  }

  /** Takes in what other processes remember. Null, or why the memory cannot be used. */
  #join(): string | null {
    const kept = readLatch(this.options.memoryPath, GLASS_MEMORY_MAX_BYTES);
    if (kept.is === 'unreadable') return kept.error;
    const read = kept.is === 'absent' ? NO_GLASS : readGlassMemory(kept.bytes);
    if (read === null) return 'damaged';
    this.#memory = joinGlass(read, this.#memory);
    return null;
  }

  #save(): string | null {
    return writeLatch(this.options.memoryPath, utf8(glassMemoryText(this.#memory)));
  }
}

/** As an operator is told of it, loudly. */
export function glassText({ agents, expiresMs, reason }: GlassState): string {
  const until = new Date(expiresMs).toISOString();
  return `BREAK GLASS until ${until}: denials of the policy are let through for ${agents.join(', ')} (${reason})`;
}
