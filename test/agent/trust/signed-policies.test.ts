// T-76, T-77, T-78, T-79 of THREAT-MODEL.md: what goes live where signatures are required, through real files and starts.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { openPolicy } from '#src/agent/open-policy.js';
import { PolicyAdmission } from '#src/agent/policy-admission.js';
import { VersionStore } from '#src/agent/version-store.js';
import type { Sha256Hex } from '#src/core/brand.js';
import { utf8 } from '#src/core/bytes.js';
import { hashedSet } from '#src/disk/policy-set.js';
import { engineModule } from '../../support/engine.js';
import { ann, bob, envelope, eve, inDays, policyText, SignedSite, statement } from '../../support/signed-site.js';
import { envelopeBy } from '../../support/signing-keys.js';
import { tempFolder } from '../../support/temp.js';
import { until } from '../../support/until.js';

const v5 = policyText(5);
const v6 = policyText(6, ['b.example']);
const REFUSED = 'policy_signature_refused';

type Row = readonly [what: string, spoil: (site: SignedSite) => void, code: string];

/** Version 5 has been in force; then this is found at a start. */
const ATTACKS: readonly Row[] = [
  ['no envelope', s => s.put(v6, null), 'policy_unsigned'],
  ['an unknown key', s => s.put(v6, envelope(v6, [eve])), REFUSED],
  ['the text changed after signing', s => s.put(v6.replace('b.example', 'e.example'), envelope(v6)), REFUSED],
  ['an envelope of the policy before', s => s.put(v6, envelope(v5)), REFUSED],
  ['signed for another file', s => s.put(v6, envelope(v6, [ann], { file: 'other.yaml' })), REFUSED],
  ['signed with a path for a name', s => s.put(v6, envelope(v6, [ann], { file: '../policy.yaml' })), REFUSED],
  [
    'another payload type',
    s => s.put(v6, envelopeBy([ann], 'application/vnd.checkrd.release+json', statement(v6))),
    REFUSED,
  ],
  ['an unknown member', s => s.put(v6, envelope(v6, [ann], { allow_weakenning: true })), REFUSED],
  ['a version in quotes', s => s.put(v6, envelope(v6, [ann], { version: '6' })), REFUSED],
  ['weakening by a word', s => s.put(v6, envelope(v6, [ann], { allow_weakening: 'false' })), REFUSED],
  ['no time of issue', s => s.put(v6, envelope(v6, [ann], { issued: undefined })), REFUSED],
  ['expired', s => s.put(v6, envelope(v6, [ann], { expires: inDays(-0.001) })), 'policy_signature_expired'],
  ['an end that is no time', s => s.put(v6, envelope(v6, [ann], { expires: 'never' })), REFUSED],
  ['an end of null', s => s.put(v6, envelope(v6, [ann], { expires: null })), REFUSED],
  ['issued in the future', s => s.put(v6, envelope(v6, [ann], { issued: inDays(1) })), REFUSED],
  ['an older version, rightly signed', s => s.put(policyText(4)), 'policy_version_rolled_back'],
  ['the same version, another text', s => s.put(policyText(5, ['e.example'])), 'policy_version_reused'],
  ['a step over a million', s => s.put(policyText(1_000_006)), 'policy_version_step'],
  [
    'another version signed than written',
    s => s.put(v6, envelope(v6, [ann], { version: 7 })),
    'policy_version_differs',
  ],
  [
    'no version written',
    s => s.put(policyText(null), envelope(policyText(null), [ann], { version: 6 })),
    'policy_version_differs',
  ],
  ['an empty envelope', s => s.put(v6, ''), REFUSED],
  ['an envelope with a byte too many', s => s.put(v6, `${envelope(v6)}x`), REFUSED],
  ['base64 without padding', s => s.put(v6, envelope(v6).replace(/=+"/, '"')), REFUSED],
  [
    'an envelope that others can write',
    s => {
      s.put(v6);
      chmodSync(s.path('policy.yaml.dsse'), 0o666);
    },
    'policy_writable_by_others',
  ],
  [
    'an envelope that is a folder',
    s => {
      s.put(v6, null);
      mkdirSync(s.path('policy.yaml.dsse'));
    },
    'policy_not_regular',
  ],
];

/** Here the policy that was in force may not come back either. */
const NOBODY_LEFT: readonly Row[] = [
  [
    'a threshold that is not met',
    s => {
      s.put(v6);
      s.write('trust/bob.pub', bob.pub);
      s.write('trust/threshold', '2\n');
    },
    REFUSED,
  ],
  [
    'a threshold met by one key twice',
    s => {
      s.put(v6, envelope(v6, [ann, ann]));
      s.write('trust/ann-2.pub', ann.pub);
      s.write('trust/threshold', '2\n');
    },
    REFUSED,
  ],
  ['the signer revoked', s => renameSync(s.path('trust/ann.pub'), s.path('ann.pub')), REFUSED],
  ['the trust folder emptied', s => rmSync(s.path('trust/ann.pub')), REFUSED],
  ['no trust folder', s => s.remove('trust'), REFUSED],
  ['another key in its place', s => s.write('trust/ann.pub', bob.pub), REFUSED],
  ['a key that cannot be read', s => s.write('trust/ann.pub', 'x'), 'trust_unusable'],
  ['a key that is no file', s => mkdirSync(s.path('trust/z.pub')), 'trust_unusable'],
  ['threshold 0', s => s.write('trust/threshold', '0\n'), 'trust_unusable'],
  ['a threshold of words', s => s.write('trust/threshold', 'two\n'), 'trust_unusable'],
  ['a threshold under another name', s => s.write('trust/treshold', '2\n'), 'trust_unusable'],
  ['a trust folder that all can write', s => chmodSync(s.path('trust'), 0o777), 'policy_writable_by_others'],
  ['a key that all can write', s => chmodSync(s.path('trust/ann.pub'), 0o666), 'policy_writable_by_others'],
  ['the memory of versions lost', s => s.remove('state/versions.json'), 'versions_lost'],
  [
    'the memory of versions damaged',
    s => writeFileSync(s.path('state/versions.json'), '{"format":"checkrd-'),
    'versions_lost',
  ],
  [
    'the memory of versions edited',
    s =>
      writeFileSync(
        s.path('state/versions.json'),
        readFileSync(s.path('state/versions.json'), 'utf8').replace('{', '{ '),
      ),
    'versions_lost',
  ],
];

test('what is not signed as it must be never goes live; the last good one does, if it still may', async t => {
  const site = new SignedSite(t);
  site.put(v5);
  assert.equal(await site.start(), '5 ok -');
  const before = tempFolder(t);
  cpSync(site.folder, before, { recursive: true });
  for (const rows of [ATTACKS, NOBODY_LEFT]) {
    for (const [what, spoil, code] of rows) {
      for (const name of readdirSync(site.folder)) site.remove(name);
      cpSync(before, site.folder, { recursive: true });
      if (rows === NOBODY_LEFT) site.put(v6);
      spoil(site);
      assert.equal(await site.start(true), `${rows === ATTACKS ? '5 degraded' : 'none missing'} ${code}`, what);
    }
  }
  t.diagnostic(`${ATTACKS.length + NOBODY_LEFT.length} attacks`);
});

test('an older signed policy is refused after any number of restarts, until root has its version forgotten', async t => {
  const site = new SignedSite(t);
  for (const version of [1, 5, 6, 1_000_006]) {
    site.put(policyText(version));
    assert.equal(await site.start(version > 1), `${version} ok -`);
  }
  site.put(v6);
  for (let times = 0; times < 3; times++) {
    assert.equal(await site.start(true), '1000006 degraded policy_version_rolled_back');
  }
  // The archive of old policies gives no way around it.
  rmSync(site.path('state/last-good'), { recursive: true });
  assert.equal(await site.start(true), 'none missing policy_version_rolled_back');

  site.write('state/reset-version.json', '{"file":"policy.yaml","reason":"a slip of the hand"}\n');
  const opened = site.open();
  assert.equal(opened.said(), '6 ok -');
  await opened.close();
  assert.deepEqual(opened.records[0], {
    type: 'operator_action',
    action: 'version_reset',
    by_uid: process.getuid?.() ?? 0,
    reason: 'policy.yaml: a slip of the hand',
  });
  assert.throws(() => readFileSync(site.path('state/reset-version.json')), { code: 'ENOENT' });
  // Once, and from there on it rises again.
  site.put(v5);
  assert.equal(await site.start(true), '6 degraded policy_version_rolled_back');

  for (const [text, mode] of [
    ['{"file":"../x","reason":null}', 0o644],
    ['{"file":null,"reason":null}', 0o666],
    ['', 0o644],
  ] as const) {
    site.write('state/reset-version.json', text);
    chmodSync(site.path('state/reset-version.json'), mode);
    assert.equal(await site.start(true), 'none missing version_reset_refused', text);
  }
  site.remove('state/reset-version.json');
  site.remove('state/versions.json');
  assert.equal(await site.start(true), 'none missing versions_lost');
  // Of one file it can only be forgotten where the others can be told.
  site.write('state/reset-version.json', '{"file":"policy.yaml","reason":null}\n');
  assert.equal(await site.start(true), 'none missing versions_lost');
  site.write('state/reset-version.json', '{"file":null,"reason":null}\n');
  assert.equal(await site.start(true), '5 ok -');
});

test('a request whose record cannot be written is not followed', async t => {
  const site = new SignedSite(t);
  site.put(v6);
  assert.equal(await site.start(), '6 ok -');
  site.put(v5);
  site.write('state/reset-version.json', '{"file":null,"reason":null}\n');
  const source = openPolicy(
    { ...site.settings(), policyWatch: false },
    null,
    { current: engineModule() },
    () => {
      throw new Error('the disk is full');
    },
    null,
    false,
  );
  t.after(() => source.close());
  assert.equal(source.current, null);
  assert.match(readFileSync(site.path('state/versions.json'), 'utf8'), /"version":6/);
});

test('a first start begins a memory; one without it is a first start only if nothing ever ran here', async t => {
  const site = new SignedSite(t);
  site.put(v5);
  assert.equal(await site.start(true), 'none missing versions_lost');
  const unsigned = new SignedSite(t, '');
  unsigned.put(v5, null);
  assert.equal(await unsigned.start(), '5 ok -');
  // Asking for signatures later is no loss: the memory was begun.
  const later = { ...unsigned.settings(), requireSignature: true };
  assert.match(readFileSync(unsigned.path('state/versions.json'), 'utf8'), /"policies":\[\]/);
  assert.equal(later.requireSignature, true);
});

test('a key that is there asks for nothing, and none is needed where nothing asks', async t => {
  const site = new SignedSite(t, '');
  site.put(v5, null);
  assert.equal(await site.start(), '5 ok -');
});

test('two of three signers; a layer is signed by its own name', async t => {
  const site = new SignedSite(t);
  site.write('trust/bob.pub', bob.pub);
  site.write('trust/eve.pub', eve.pub);
  site.write('trust/threshold', '2\n');
  site.put(v5, envelope(v5, [eve, bob]));
  const opened = site.open();
  assert.equal(opened.said(), '5 ok -');
  const [loaded] = opened.records;
  assert.equal(loaded?.type === 'policy_loaded' && loaded.signed_by, `${eve.keyId},${bob.keyId}`);
  await opened.close();
  const layer = policyText(1, ['a.example']);
  site.write('policy.d/10-team.yaml', layer);
  assert.equal(await site.start(true), '5 degraded policy_unsigned');
  site.write('policy.d/10-team.yaml.dsse', envelope(layer, [ann, bob]));
  assert.equal(await site.start(true), `5 degraded ${REFUSED}`);
  site.write('policy.d/10-team.yaml.dsse', envelope(layer, [ann, bob], { file: '10-team.yaml' }));
  assert.equal(await site.start(true), '5 ok -');
  // A signed layer of the main policy's name could be moved over it.
  site.write('policy.d/policy.yaml', policyText(9));
  site.write('policy.d/policy.yaml.dsse', envelope(policyText(9), [ann, bob]));
  assert.equal(await site.start(true), `5 degraded ${REFUSED}`);
});

test('the guard: what lets more pass needs the word of its signers', async t => {
  const site = new SignedSite(t, 'require_signature: true\nweakening_guard: true\n');
  site.put(v5);
  assert.equal(await site.start(), '5 ok -');
  const wider = policyText(6, ['a.example', 'b.example']);
  site.put(wider);
  assert.equal(await site.start(true), '5 degraded policy_weakened');
  const dry = policyText(6, ['a.example'], 'mode: dry_run\n');
  site.put(dry);
  assert.equal(await site.start(true), '5 degraded policy_weakened');
  site.put(wider, envelope(wider, [ann], { allow_weakening: true }));
  assert.equal(await site.start(true), '6 ok -');
  // Back again is narrower.
  site.put(policyText(7));
  assert.equal(await site.start(true), '7 ok -');
  // Without the policy that was in force nothing can be compared.
  site.remove('state/last-good');
  site.put(policyText(8, []).replace('rules:\n\n', 'rules: []\n'));
  assert.equal(await site.start(true), 'none missing policy_weakened');
});

test('while it runs: a new policy goes live, and a key that is removed ends its standing', {
  timeout: 120_000,
}, async t => {
  const site = new SignedSite(t);
  site.write('trust/bob.pub', bob.pub);
  site.put(v5);
  const opened = site.open(true);
  const rename = (name: string, text: string) => {
    site.write(`${name}.new`, text);
    renameSync(site.path(`${name}.new`), site.path(name));
  };
  rename('policy.yaml.dsse', envelope(v6, [bob]));
  rename('policy.yaml', v6);
  await until('version 6', () => opened.said() === '6 ok -');
  rmSync(site.path('trust/bob.pub'));
  await until('revoked', () => opened.said() === `6 degraded ${REFUSED}`);
  await opened.close();
  assert.ok(opened.records.some(record => record.type === 'policy_rejected' && record.error === REFUSED));
  // What is no longer admitted is not brought back.
  assert.equal(await site.start(true), `none missing ${REFUSED}`);
});

test('time alone ends an admission, and begins one; a policy in force is told of it by the next look', t => {
  const site = new SignedSite(t);
  const now = Date.now();
  let wallMs = now;
  const versions = new VersionStore(site.path('state'));
  versions.begin();
  const admission = new PolicyAdmission({
    ...{ trustDir: site.path('trust'), versions, weakeningGuard: false, securityMode: 'strict', report() {} },
    rules: { operatorsGid: null },
    wallMs: () => wallMs,
    lastGood: () => null,
  });
  const judge = () => {
    const file = { path: 'policy.yaml', name: 'policy.yaml', isLayer: false, bytes: utf8(v5), envelope: utf8(signed) };
    const set = hashedSet([file], bytes => createHash('sha256').update(bytes).digest('hex') as Sha256Hex);
    const got = admission.admit(set);
    return got.ok ? 'ok' : got.fault.code;
  };
  const signed = envelope(v5, [ann], {
    issued: new Date(now + 600_000).toISOString(),
    expires: new Date(now + 900_000).toISOString(),
  });
  const answers: unknown[] = [];
  for (const ms of [0, 299_999, 300_000, 899_999, 900_000]) {
    wallMs = now;
    judge();
    const before = admission.admittedBy();
    wallMs = now + ms;
    answers.push([ms, admission.admittedBy() === before, judge()]);
  }
  assert.deepEqual(answers, [
    [0, true, REFUSED],
    [299_999, true, REFUSED],
    [300_000, false, 'ok'],
    [899_999, false, 'ok'],
    [900_000, false, 'policy_signature_expired'],
  ]);
  wallMs = now + 600_000;
  judge();
  const before = admission.admittedBy();
  wallMs = now + 900_000;
  assert.notEqual(admission.admittedBy(), before);
});

test('a policy given as an object cannot be signed', async t => {
  const site = new SignedSite(t);
  assert.throws(
    () =>
      openPolicy(site.settings(), '{"default":"deny","rules":[]}', { current: engineModule() }, () => {}, null, true),
    {
      code: 'policy_object_unsigned',
    },
  );
});
