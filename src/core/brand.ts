declare const brand: unique symbol;

/** A value that came through the one function allowed to make it. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** 64 lower-case hexadecimal characters. */
export type Sha256Hex = Brand<string, 'Sha256Hex'>;

/** `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`; it names files, so nothing else may pass. */
export type AgentId = Brand<string, 'AgentId'>;

export const AGENT_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const SHA256_HEX = /^[0-9a-f]{64}$/;

/** The only door into AgentId; null when `text` is none. */
export function agentId(text: string): AgentId | null {
  return AGENT_ID.test(text) ? (text as AgentId) : null;
}

/** The only door into Sha256Hex; null when `text` is none. */
export function sha256Hex(text: string): Sha256Hex | null {
  return SHA256_HEX.test(text) ? (text as Sha256Hex) : null;
}
