// T-76, T-79, T-80 of THREAT-MODEL.md: the guard where there are layers, and where there is much to compare; trust folder and
// policy swapped by another process.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { test } from 'node:test';
import { firstWeakening, firstWeakeningAside } from '#src/agent/weakening.js';
import { utf8 } from '#src/core/bytes.js';
import { openLayerMemory } from '#src/disk/layer-memory.js';
import { hash } from '../../support/policy-source.js';
import { Box, text } from '../../support/reload/box.js';
import { ann, envelope, policyText, SignedSite } from '../../support/signed-site.js';
import { neverInForce } from '../../support/swapped-trust.js';
import { tempFolder } from '../../support/temp.js';
import { until } from '../../support/until.js';

const NAME = '10-bounds.yaml';
const GUARD = 'require_signature: true\nweakening_guard: true\n';

/** A layer that denies `hosts`. */
function bounds(version: number, hosts: readonly string[], more = ''): string {
  const rules = hosts.map(host => `  - { name: ${host}, deny: { url: "https://${host}/**" } }`);
  return `default: allow\nversion: ${version}\n${more}rules:\n${rules.join('\n')}\n`;
}

function putLayer(site: SignedSite, text: string, change: Readonly<Record<string, unknown>> = {}, name = NAME): void {
  site.write(`policy.d/${name}`, text);
  site.write(`policy.d/${name}.dsse`, envelope(text, [ann], { file: name, ...change }));
}

function removeLayer(site: SignedSite): void {
  site.remove(`policy.d/${NAME}`);
  site.remove(`policy.d/${NAME}.dsse`);
}

const drop = (site: SignedSite) =>
  openLayerMemory(site.path('state'), site.path('policy.yaml'), hash).drop({
    name: NAME,
    byUid: 7,
    time: '2026-01-07T12:00:00Z',
  });

const WEAKENED = '5 degraded policy_weakened';

type Row = readonly [what: string, act: (site: SignedSite) => void, said: string];

/** After a policy of version 5 and its layer, which denies two hosts. */
const ROWS: readonly Row[] = [
  ['a layer denies more', s => putLayer(s, bounds(2, ['a.example', 'b.example', 'c.example'])), '5 ok -'],
  ['a layer denies less', s => putLayer(s, bounds(2, ['a.example'])), WEAKENED],
  ['a layer only records', s => putLayer(s, bounds(2, ['a.example', 'b.example'], 'mode: dry_run\n')), WEAKENED],
  ['a layer binds fewer', s => putLayer(s, bounds(2, ['a.example', 'b.example'], 'agents: [bot]\n')), WEAKENED],
  [
    'a layer denies less, as its signers say',
    s => putLayer(s, bounds(2, ['a.example']), { allow_weakening: true }),
    '5 ok -',
  ],
  ['a layer is added', s => putLayer(s, bounds(1, ['z.example']), {}, '20-more.yaml'), '5 ok -'],
  [
    'a layer denies less, another that denies it is added',
    s => {
      putLayer(s, bounds(2, ['a.example']));
      putLayer(s, bounds(1, ['b.example']), {}, '20-more.yaml');
    },
    WEAKENED,
  ],
  [
    'the policy allows more, the layer denies more',
    s => {
      s.put(policyText(6, ['a.example', 'z.example']));
      putLayer(s, bounds(2, ['a.example', 'b.example', 'z.example']));
    },
    WEAKENED,
  ],
  ['a layer is removed', removeLayer, '5 degraded policy_layer_gone'],
  [
    'a layer is removed and dropped',
    s => {
      removeLayer(s);
      drop(s);
    },
    '5 ok -',
  ],
  [
    'a layer gets another name, and is dropped: its new name is no older than it',
    s => {
      removeLayer(s);
      drop(s);
      putLayer(s, bounds(1, []).replace('rules:\n\n', 'rules: []\n'), {}, '20-more.yaml');
    },
    '5 ok -',
  ],
];

for (const [what, act, said] of ROWS) {
  test(`guard: ${what}`, async t => {
    const site = new SignedSite(t, GUARD);
    site.put(policyText(5));
    putLayer(site, bounds(1, ['a.example', 'b.example']));
    assert.equal(await site.start(), '5 ok -');
    act(site);
    assert.equal(await site.start(true), said);
  });
}

/** Over 64 KiB, which is what counts. */
const large = (version: number, hosts: readonly string[]) => policyText(version, hosts, `# ${'x'.repeat(70_000)}\n`);

test('guard: what is large is compared in a worker, to the same end', { timeout: 120_000 }, async t => {
  const small = { path: 'policy.yaml', role: 'main' as const, old: utf8(policyText(1)), next: utf8(policyText(2)) };
  assert.ok(!(firstWeakeningAside([small]) instanceof Promise));
  const pair = { ...small, old: utf8(large(1, ['a.example'])), next: utf8(large(2, ['a.example', 'b.example'])) };
  const aside = firstWeakeningAside([pair]);
  assert.ok(aside instanceof Promise);
  const found = await aside;
  assert.match(found?.why ?? '', /b\.example/);
  assert.deepEqual(found, firstWeakening([pair]));

  const site = new SignedSite(t, GUARD);
  site.put(large(1, ['a.example']));
  const opened = site.open(true);
  const rename = (text: string) => {
    for (const [name, content] of [
      ['policy.yaml.dsse', envelope(text)],
      ['policy.yaml', text],
    ] as const) {
      site.write(`${name}~`, content);
      renameSync(site.path(`${name}~`), site.path(name));
    }
  };
  rename(large(2, ['a.example', 'b.example']));
  await until('refused', () => opened.said() === '1 degraded policy_weakened', 60_000);
  rename(large(3, ['a.example']));
  await until('live', () => opened.said() === '3 ok -', 60_000);
  await opened.close();
});

test('a policy whose signer is not trusted while it stands there is never in force', { timeout: 120_000 }, t =>
  neverInForce(t, 12, 100_000),
);

test('what is replaced while it is being admitted does not go live by that admission', t => {
  const box = new Box(tempFolder(t));
  box.write(text('a'));
  let replaced = 0;
  box.open({
    admit: set => {
      const isBad = new TextDecoder().decode(set.documents[0]?.bytes).includes('bad');
      // By now the key that could vouch for it is there, and the policy is not.
      if (isBad && replaced++ === 0) box.rename(text('good'));
      return { ok: true, facts: [] };
    },
  });
  t.after(() => box.source.close());
  box.rename(text('bad'));
  box.pass(200);
  assert.deepEqual([replaced, box.said()], [1, ['loaded a', 'loaded good']]);
});
