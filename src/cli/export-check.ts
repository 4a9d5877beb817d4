/** `checkrd export --check`: does a file of evidence hold? It reaches nothing that writes. */
import { boundedText } from '../core/audit/text.js';
import { checkBundle } from '../core/evidence/check-bundle.js';
import { MIB } from '../core/limits.js';
import { ed25519Verify } from '../crypto/ed25519.js';
import { sha256 } from '../crypto/sha256.js';
import { readInputBytes } from './input-file.js';
import { type CliIo, EXIT } from './io.js';
import { logKeys } from './log-keys.js';

/** Above what `export` writes. */
const EVIDENCE_MAX_BYTES = 1024 * MIB;

export function checkEvidence(word: string, given: readonly string[], json: boolean, io: CliIo): number {
  const keys = logKeys(given, io);
  const archive = readInputBytes(word, io, EVIDENCE_MAX_BYTES);
  const report = checkBundle({ sha256, verify: ed25519Verify }, archive, keys);
  const holds = report.problems.length === 0;
  const exit = keys.length === 0 ? EXIT.unknown : holds ? EXIT.ok : EXIT.no;
  if (json) {
    io.out(JSON.stringify({ ok: exit === EXIT.ok, ...snake(report) }));
    return exit;
  }
  const say = (text: string): void => io.out(boundedText(text, 4096));
  if (keys.length === 0) {
    say('CANNOT SAY: no key was given (--key)');
    return exit;
  }
  for (const problem of report.problems) say(problem);
  say(`log      ${report.log ?? 'unknown'}`);
  const gaps = report.contiguous ? 'without gaps' : 'others stand between them';
  say(
    `records  ${report.records}${report.first === null ? '' : `, numbers ${report.first} to ${report.last}, ${gaps}`}`,
  );
  for (const policy of report.policies) say(`policy   ${policy} held`);
  for (const policy of report.missingPolicies) say(`policy   ${policy} MISSING`);
  if (report.olderThanKey > 0)
    say(`note     ${report.olderThanKey} records are older than the key that vouches for them`);
  say(holds ? 'HOLDS' : 'DOES NOT HOLD');
  return exit;
}

function snake(report: ReturnType<typeof checkBundle>) {
  const { missingPolicies, olderThanKey, ...rest } = report;
  return { ...rest, missing_policies: missingPolicies, older_than_key: olderThanKey };
}
