/** The daemon's own word, for `status`. */
import { existsSync } from 'node:fs';
import { askDaemon, type DaemonAnswer } from '../../daemon/ask.js';

export interface DaemonStatus {
  /** Null: it does not answer. */
  readonly status: string | null;
  readonly why: string | null;
  /** What it said; null: nothing. */
  readonly body: Readonly<Record<string, unknown>> | null;
}

/** Null: there is no socket. */
export async function daemonOf(socket: string): Promise<DaemonStatus | null> {
  if (!existsSync(socket)) return null;
  const answer: DaemonAnswer = await askDaemon(socket, '/healthz');
  if (answer.is === 'silent') return { status: null, why: answer.why, body: null };
  return { status: String(answer.body.status), why: null, body: answer.body };
}

/** SHA-256 of the policy that it decides by; null: it has not said. */
export function generationOf(body: Readonly<Record<string, unknown>> | null): string | null {
  const policy = body?.policy;
  const sha256 = typeof policy === 'object' && policy !== null ? (policy as { sha256?: unknown }).sha256 : null;
  return typeof sha256 === 'string' ? sha256 : null;
}

/** One number of a part of what it said; 0 where it has not. */
export function numberOf(part: unknown, name: string): number {
  const value = typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[name] : undefined;
  return typeof value === 'number' ? value : 0;
}

export function countsOf(part: unknown, name: string): Readonly<Record<string, number>> {
  const value = typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[name] : undefined;
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, count]) => typeof count === 'number'));
}

/** Sentences that an operator should read. */
export function warningsOf(body: Readonly<Record<string, unknown>> | null): readonly string[] {
  return Array.isArray(body?.warnings) ? body.warnings.filter(text => typeof text === 'string') : [];
}
