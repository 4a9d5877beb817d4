/** What a stranger reads first in a file of evidence. The same words for the same records. */
import { keyId } from '../audit/key-id.js';
import { noteKeyHash, parseNote } from '../audit/note.js';
import { sameBytes, toBase64 } from '../bytes.js';
import type { Sha256 } from '../ports.js';
import type { Evidence } from './bundle.js';

export function readmeText(
  sha256: Sha256,
  evidence: Evidence,
  sizes: readonly number[],
  missing: readonly string[],
): string {
  const { log, asked, publicKey, records, policies } = evidence;
  const key = toBase64(publicKey);
  const numbers = records.map(({ index }) => index);
  const [first = 0, last = 0] = [numbers[0], numbers.at(-1)];
  const contiguous = last - first + 1 === numbers.length;
  const wanted = Object.entries(asked).map(([name, value]) => `${name} ${value}`);
  return `EVIDENCE FROM AN AUDIT LOG

log       ${log}
about     ${wanted.length > 0 ? wanted.join(', ') : 'everything'}
records   ${records.length}, numbers ${first} to ${last}${contiguous ? ', without gaps' : '; others stand between them'}
policies  ${policies.size - missing.length} held${missing.length > 0 ? `, ${missing.length} MISSING` : ''}
key       ${key}
key ID    ${keyId(sha256, publicKey)}

What it shows: each line of records.jsonl stood in the log at its number when the log signed the checkpoint that covers it
(checkpoints/), and has not been changed since. Each policy under policies/ is, byte for byte, the one that a record names
by its hash in policy_sha256, or one that stands in such a list (\`<sha256> <file name>\`, policies in layers).

What it does not show: that the log has no other records about the same matter${contiguous ? ', before or after these' : ''};
that the log was told the truth.
${missing.map(hash => `\nMISSING: the policy ${hash} is named by a record and was not to be had.`).join('')}
THE KEY

The key above is only what the sender says. Compare it with one that you have from elsewhere, from before the matter in
question: whoever made his own key can make all of this.

CHECK EVERYTHING

With Python 3.8 or later and openssl 3.0 or later, in the folder where this file was unpacked:

    python3 check.py '${key}'

It prints what holds and what does not, and ends with 0 only if all of it holds. Read it first: it is short. A copy comes
with checkrd (examples/check_evidence.py). \`checkrd export --check FILE --key KEY\` says the same.
${byHand(sha256, evidence, sizes, key)}
THE FORMAT

docs/audit-log.md of checkrd: lines are RFC 8785 JSON; the tree is that of RFC 6962; checkpoints are C2SP signed notes.
`;
}

function byHand(
  sha256: Sha256,
  { log, publicKey, checkpoints }: Evidence,
  sizes: readonly number[],
  key: string,
): string {
  const hash = noteKeyHash(sha256, log, publicKey);
  const size = sizes.find(n =>
    parseNote(checkpoints.get(n) ?? '')?.signatures.some(s => s.name === log && sameBytes(s.keyHash, hash)),
  );
  if (size === undefined) return '';
  return `
CHECK A CHECKPOINT BY HAND

    (printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'; echo '${key}' | base64 -d) > key.der
    head -n 3 checkpoints/${size}.txt > said
    tail -n 1 checkpoints/${size}.txt | cut -d ' ' -f 3 | base64 -d | tail -c 64 > signature
    openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in said -sigfile signature
`;
}
