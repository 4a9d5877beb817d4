/**
 * The memory of versions on disk, and the operator's request to forget one.
 *
 *   <state>/versions.json        what core/trust/version-memory.ts writes; 0600, replaced whole
 *   <state>/reset-version.json   {"file": <base name, or null for all>, "reason": <text or null>}, by its owner; done once
 *
 *   never: takes a memory that is gone for one that never was. The file is made at the first start, so its absence later
 *          is a loss; only an operator's request begins anew.
 */
import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { OperatorActionFields } from '../core/audit/fields.js';
import { fromUtf8, utf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { KIB } from '../core/limits.js';
import { isBaseName } from '../core/trust/policy-payload.js';
import {
  forgotten,
  judgeVersion,
  readVersionMemory,
  remembered,
  type SeenVersion,
  type VersionMemory,
  versionMemoryText,
} from '../core/trust/version-memory.js';
import { errorCode } from '../disk/error-code.js';
import { readSettledSync } from '../disk/read-settled.js';
import { replaceSync } from '../disk/replace-file.js';
import type { WriterRules } from '../disk/who-may-write.js';

const MEMORY_MAX_BYTES = 1024 * KIB;
const REQUEST_MAX_BYTES = 4 * KIB;
const NOTHING: VersionMemory = new Map();

export const RESET_REQUEST = 'reset-version.json';

export interface ResetRequest {
  /** Null: every file. */
  readonly file: string | null;
  readonly reason: string | null;
}

export class VersionStore {
  readonly #path: string;
  readonly #request: string;

  /** @param uid  Whose file the memory may be, beside root; absent: this process's user. */
  constructor(
    private readonly stateDir: string,
    private readonly uid?: number,
  ) {
    this.#path = join(stateDir, 'versions.json');
    this.#request = join(stateDir, RESET_REQUEST);
  }

  /** True when a policy went live here before, so that there must be a memory. */
  hadPolicies(): boolean {
    return existsSync(join(this.stateDir, 'policies')) || existsSync(join(this.stateDir, 'last-good'));
  }

  /** Makes the file where there is none. @throws Fault `policy_not_archived` */
  begin(): void {
    if (!existsSync(this.#path)) this.#write(NOTHING);
  }

  /** @throws Fault `versions_lost` */
  read(): VersionMemory {
    const path = this.#path;
    try {
      const text = fromUtf8(readSettledSync(path, this.#rules(), MEMORY_MAX_BYTES).bytes);
      const memory = text === null ? null : readVersionMemory(text);
      if (memory !== null) return memory;
    } catch (error) {
      const why = error instanceof Fault && error.code !== 'policy_missing' ? error.message : 'it is gone';
      throw new Fault('versions_lost', { path, why }, { cause: error });
    }
    throw new Fault('versions_lost', { path, why: 'it is not what checkrd wrote' });
  }

  /**
   * Remembers what goes live, by the newest memory there is: another process may share it.
   * @throws Fault `versions_lost`, `policy_not_archived`, or what {@link refuseVersion} says.
   */
  remember(path: string, file: string, seen: SeenVersion): void {
    const memory = this.read();
    const refused = refuseVersion(memory, path, file, seen);
    if (refused !== null) throw refused;
    if (memory.get(file)?.version !== seen.version) this.#write(remembered(memory, file, seen));
  }

  /** Another text when there is another request. Never throws. */
  lookAtRequest(): string {
    return existsSync(this.#request) ? 'reset' : '';
  }

  /**
   * Does what the operator asked for, once. The record comes first: nothing is forgotten that the log does not tell.
   * @throws Fault `version_reset_refused`, or what `report` and writing throw; nothing was forgotten then.
   */
  obeyRequest(report: (record: OperatorActionFields) => void): void {
    const asked = this.#readRequest();
    if (asked === null) return;
    const { file, reason, byUid } = asked;
    const left = file === null ? NOTHING : forgotten(this.read(), file);
    const what = file ?? 'all';
    const told = reason === null ? what : `${what}: ${reason}`;
    report({ type: 'operator_action', action: 'version_reset', by_uid: byUid, reason: told });
    this.#write(left);
    rmSync(this.#request);
  }

  /** What an operator asked to forget and nobody has forgotten yet. @throws Fault `version_reset_refused` */
  pending(): ResetRequest | null {
    return this.#readRequest();
  }

  #rules(): WriterRules {
    return { operatorsGid: null, ...(this.uid === undefined ? {} : { uid: this.uid }) };
  }

  #readRequest(): (ResetRequest & { readonly byUid: number }) | null {
    const path = this.#request;
    let fd: number | null = null;
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      const stat = fstatSync(fd);
      const ours = stat.uid === 0 || stat.uid === process.geteuid?.();
      if (!stat.isFile() || !ours || (stat.mode & 0o022) !== 0 || stat.size > REQUEST_MAX_BYTES) {
        throw new Fault('version_reset_refused', {
          path,
          why: 'it is not a file that root or this user alone can write',
        });
      }
      const request = parseRequest(readFileSync(fd, 'utf8'));
      if (request === null) throw new Fault('version_reset_refused', { path, why: 'it is not what checkrd wrote' });
      return { ...request, byUid: stat.uid };
    } catch (error) {
      if (error instanceof Fault) throw error;
      if (errorCode(error) === 'ENOENT') return null;
      throw new Fault('version_reset_refused', { path, why: errorCode(error) }, { cause: error });
    } finally {
      if (fd !== null) closeSync(fd);
    }
  }

  #write(memory: VersionMemory): void {
    replaceSync(this.#path, utf8(versionMemoryText(memory)));
  }
}

/** Why this version may not go live after those remembered; null: it may. */
export function refuseVersion(memory: VersionMemory, path: string, file: string, next: SeenVersion): Fault | null {
  const why = judgeVersion(memory, file, next);
  if (why === null) return null;
  return new Fault(`policy_${why}`, { path, got: next.version, last: memory.get(file)?.version ?? 0 });
}

export function requestText({ file, reason }: ResetRequest): string {
  return `${JSON.stringify({ file, reason })}\n`;
}

function parseRequest(text: string): ResetRequest | null {
  try {
    const { file, reason, ...rest } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (Object.keys(rest).length > 0) return null;
    if (file !== null && (typeof file !== 'string' || !isBaseName(file))) return null;
    if (reason !== null && typeof reason !== 'string') return null;
    return { file, reason };
  } catch {
    return null;
  }
}
