/** The name of a system error (`ENOSPC`), or `EIO` for an error that has none. */
export function errno(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'EIO';
}
