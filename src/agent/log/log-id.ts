import { sha256Text } from '../../crypto/sha256.js';

/** The end of a log's name; a name that a file only claims has no say in paths. */
export function logId(log: string): string {
  return /\/([0-9a-f]{16})$/.exec(log)?.[1] ?? sha256Text(log).slice(0, 16);
}
