/**
 * docs/operate.md as steps that a machine takes, in the order of the page.
 *
 *   in   : the page
 *   out  : for each block of commands a shell text that may be run as a file; what it should say, and how it should end
 *   never: leaves a block out that nobody named
 */
import assert from 'node:assert/strict';
import type { StepEnd } from './debian-root.js';
import { type Fenced, fencedBlocks } from './fenced.js';

export const PAGE = 'docs/operate.md';
/** Where the packages have arrived, and where the operator stands. */
export const ARRIVED = '/root/arrived';

export interface PageStep {
  readonly name: string;
  readonly block: Fenced;
  /** What the page shows below it, if anything. */
  readonly shown: string | null;
  readonly script: string;
  readonly exit: number;
}

/** Blocks, by a piece of them, that are for other machines than one with the `.deb`. */
export const OTHER_MACHINES = ['rpm -U', 'tar -C /opt'];

/** Blocks that end with another code than 0, by a piece of them: an incident is no good news. */
const EXITS: readonly (readonly [string, number])[] = [['df -h', 2]];

const decides = `runuser -u crm -- curl -s --unix-socket /run/checkrd/agent/crm.sock http://checkrd/v1/decide -d '{"request":{"method":"GET","url":"https://crm.example.com/contacts/1001"}}'`;
const until = (holds: string): string => `for i in $(seq 900); do if ${holds}; then break; fi; sleep 0.1; done`;
const inForce = until(
  `curl -s --unix-socket /run/checkrd/checkrd.sock http://checkrd/healthz | grep -q "$(sha256sum </etc/checkrd/policy.yaml | cut -c1-64)"`,
);
const turnOver = `logrotate --force /etc/logrotate.d/checkrd; ${until('[ -s /var/log/checkrd/audit.jsonl ]')}`;

/** What comes to pass before a block, by a piece of it; on a real machine without anybody's doing. */
const BEFORE: readonly (readonly [string, string])[] = [
  // So small that it can be filled.
  [
    'dpkg -i',
    'mountpoint -q /var/log/checkrd || { mkdir -p /var/log/checkrd; mount -t tmpfs -o size=40m log /var/log/checkrd; }',
  ],
  [
    'df -h',
    `${turnOver}\n${turnOver}\nhead -c 64M /dev/zero >/var/log/checkrd/other 2>/dev/null || true\n${until(`${decides} | grep -q audit_unavailable`)}`,
  ],
];
/** What a person would wait for after a block, by a piece of it. */
const AFTER: readonly (readonly [string, string])[] = [
  ['/etc/checkrd/policy.yaml', inForce],
  // What a real log takes is more than the few kilobytes of this one.
  [
    'mv /var/log/checkrd/audit.jsonl.*.gz',
    `rm /var/log/checkrd/other\n${until(`${decides} | grep -q rule_allowed && checkrd status >/dev/null`)}`,
  ],
];

/** @param without pieces of blocks that are not run here. */
export function pageSteps(without: readonly string[]): readonly PageStep[] {
  const blocks = fencedBlocks(PAGE);
  for (const piece of [...without, ...[...BEFORE, ...AFTER, ...EXITS].map(([piece]) => piece)]) {
    assert.ok(
      blocks.some(block => block.text.includes(piece)),
      `${PAGE} has no ${piece}`,
    );
  }
  const matching = (table: readonly (readonly [string, string])[], text: string): string =>
    table
      .filter(([piece]) => text.includes(piece))
      .map(([, script]) => script)
      .join('\n');
  return blocks.flatMap((block, at) => {
    if (block.language !== 'sh' || without.some(piece => block.text.includes(piece))) return [];
    const next = blocks[at + 1];
    const { text } = block;
    const main = `cat >/drive/main.sh <<'END_OF_BLOCK'\n${text}END_OF_BLOCK\nbash -e /drive/main.sh; ended=$?`;
    return {
      name: `line-${block.line}`,
      block,
      shown: next?.language === 'text' ? next.text : null,
      // What was prepared and waited for is not of the page: it says nothing.
      script: `cd ${ARRIVED}\n{ :\n${matching(BEFORE, text)}\n} >/drive/before 2>&1\n${main}\n{ :\n${matching(AFTER, text)}\n} >/drive/after 2>&1\nexit $ended`,
      exit: EXITS.find(([piece]) => text.includes(piece))?.[1] ?? 0,
    };
  });
}

/** Times, IDs and the like as words. */
function plain(text: string): string {
  return text.replace(/"request_id":"[^"]+"/g, '"request_id":"ID"').trim();
}

/** @param around what was said beside the steps. */
export function checkSteps(steps: readonly PageStep[], ends: Readonly<Record<string, StepEnd>>, around: string): void {
  for (const { name, block, exit, shown } of steps) {
    const at = `${PAGE}:${block.line}: ${block.text}`;
    const end = ends[name];
    assert.ok(end !== undefined, `${at} was not taken: ${around}`);
    assert.equal(end.code, exit, `${at}${end.said}`);
    if (shown !== null) assert.equal(plain(end.said), shown.trim(), at);
  }
}
