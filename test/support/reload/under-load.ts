/** Decisions by the public interface while its policy file is swapped by rename, and their records read back. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import { Checkrd, CheckrdPolicyDenied } from 'checkrd';
import { Home } from '../home.js';

interface Load {
  /** At the least, made at up to 2,000 a second; a slower machine takes longer for the same number. */
  readonly decisions: number;
  /** That were seen in force, at the least. */
  readonly swaps: number;
  readonly flipMs: number;
}

const policy = (allowed: string): string =>
  `default: deny\nrules:\n  - { name: allow-${allowed}, allow: { url: "h.example/${allowed}" } }\n  - { name: deny-${allowed}, deny: { url: "h.example/not-${allowed}" } }\n`;
const A = policy('a');
const B = policy('b');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Fails unless every decision was made, was recorded, and is what the one policy that its record names says. */
export async function underLoad(t: TestContext, load: Load): Promise<void> {
  const home = new Home({ 'policy.yaml': A });
  const checkrd = new Checkrd({ agentId: 'load', configDir: home.dir });
  // The transport does not matter here; the decision and its record do.
  const guarded = checkrd.wrap(async () => new Response('ok'));
  let flips = 0;
  const flip = setInterval(() => home.replace('policy.yaml', ++flips % 2 === 0 ? A : B), load.flipMs);
  const start = performance.now();
  const perMs = Math.min(2, load.decisions / (load.swaps * load.flipMs));
  let made = 0;
  const unexpected: unknown[] = [];
  let swaps = 0;
  let before = checkrd.healthy().policySha256;
  while (made < load.decisions || swaps < load.swaps) {
    const now = checkrd.healthy().policySha256;
    if (now !== before) swaps += 1;
    before = now;
    const due = Math.min(made + 50, Math.floor((performance.now() - start) * perMs));
    for (; made < due; made++) {
      guarded(`https://h.example/${made % 2 === 0 ? 'a' : 'b'}`).then(
        response => response.text(),
        error => {
          if (!(error instanceof CheckrdPolicyDenied)) unexpected.push(error);
        },
      );
    }
    await new Promise(resolve => setTimeout(resolve, 1));
  }
  clearInterval(flip);
  t.diagnostic(
    `${made} decisions in ${Math.round(performance.now() - start)} ms, ${flips} flips, ${swaps} seen in force`,
  );
  await checkrd.close();

  assert.deepEqual(unexpected, []);
  const records = home.records('load');
  const decisions = records.filter(record => record.type === 'decision');
  assert.equal(decisions.length, made);
  const explained: Record<string, string> = { [sha256(A)]: '/a', [sha256(B)]: '/b' };
  const used = new Set<unknown>();
  for (const record of decisions) {
    const allowed = explained[String(record.policy_sha256)];
    assert.ok(allowed !== undefined, `unknown policy ${record.policy_sha256}`);
    used.add(record.policy_sha256);
    assert.equal(record.policy_result, record.url_path === allowed ? 'allow' : 'deny', JSON.stringify(record));
  }
  assert.equal(used.size, 2);
  // On a machine too busy to read one before the next is there, that is said, and is true.
  const wrong = records.filter(record => record.type === 'policy_rejected' && record.error !== 'never_settles');
  assert.deepEqual(wrong, []);
  assert.ok(records.filter(record => record.type === 'policy_loaded').length >= load.swaps);
  home.remove();
}
