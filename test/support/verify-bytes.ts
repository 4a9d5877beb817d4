/** Feeds files held in memory to the verifier, the way a shell feeds files on disk. */

import type { Report } from '#src/core/verify/findings.js';
import { LogVerifier, type VerifyOptions } from '#src/core/verify/verify-log.js';
import { ed25519Verify } from '#src/crypto/ed25519.js';
import { sha256, sha256Text } from '#src/crypto/sha256.js';

export function verifyBytes(files: readonly Uint8Array[], options: VerifyOptions): Report {
  const log = new LogVerifier({ sha256, sha256Text, verify: ed25519Verify }, options);
  for (const [index, bytes] of files.entries()) {
    const file = `file${index}`;
    let line = 1;
    let begin = 0;
    for (let lf = bytes.indexOf(10); lf !== -1; lf = bytes.indexOf(10, begin)) {
      log.line({ file, line: line++ }, bytes.subarray(begin, lf));
      begin = lf + 1;
    }
    if (begin < bytes.length) log.torn({ file, line }, bytes.length - begin);
  }
  return log.finish();
}

export function fileOf(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.map(line => `${line}\n`).join(''));
}

/** `code file:line` of the first finding, or the verdict. */
export function firstOf(report: Report): string {
  const [first] = report.findings;
  if (!first) return report.verdict;
  return `${first.code} ${first.place ? `${first.place.file}:${first.place.line}` : 'end'}`;
}
