// T-18 of THREAT-MODEL.md.
/** T-04: under 2,000 decisions a second, a policy file that flips every 50 ms never mixes two policies in one decision. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Checkrd, CheckrdPolicyDenied } from 'checkrd';
import { Home } from '../support/home.js';

/** 2,000 a second for five seconds; a slower machine takes longer for the same number. */
const RATE_PER_MS = 2;
const DECISIONS = 10_000;
const SWAPS = 12;
const policy = (allowed: string): string =>
  `default: deny\nrules:\n  - { name: allow-${allowed}, allow: { url: "h.example/${allowed}" } }\n  - { name: deny-${allowed}, deny: { url: "h.example/not-${allowed}" } }\n`;
const A = policy('a');
const B = policy('b');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test('every record is explained by the policy it names', async t => {
  const home = new Home({ 'policy.yaml': A });
  const checkrd = new Checkrd({ agentId: 'load', configDir: home.dir });
  // The transport does not matter here; the decision and its record do.
  const guarded = checkrd.wrap(async () => new Response('ok'));
  let flips = 0;
  const flip = setInterval(() => home.replace('policy.yaml', ++flips % 2 === 0 ? A : B), 50);
  const start = performance.now();
  let made = 0;
  const unexpected: unknown[] = [];
  let swaps = 0;
  let before = checkrd.healthy().policySha256;
  while (made < DECISIONS || swaps < SWAPS) {
    const now = checkrd.healthy().policySha256;
    if (now !== before) swaps += 1;
    before = now;
    const due = Math.min(made + 50, Math.floor((performance.now() - start) * RATE_PER_MS));
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
  assert.equal(records.filter(record => record.type === 'policy_rejected').length, 0);
  assert.ok(records.filter(record => record.type === 'policy_loaded').length >= SWAPS);
  home.remove();
});
