/** Promise: what retention removes is recorded, under a checkpoint and on disk, before it is gone; what remains verifies; a hold stops it. */
import assert from 'node:assert/strict';
import fs, {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AuditLogSettings } from '#src/agent/audit-log.js';
import { LogVerifier } from '#src/core/verify/verify-log.js';
import { ed25519Verify } from '#src/crypto/ed25519.js';
import { readPublicKey } from '#src/crypto/read-keys.js';
import { sha256, sha256Text } from '#src/crypto/sha256.js';
import { decision, type Place, place } from '../../support/audit-log.js';
import type { Line } from '../../support/read-log.js';

type Kept = Partial<AuditLogSettings['retention']>;
const settings = (kept: Kept): Partial<AuditLogSettings> => ({
  rotation: { maxBytes: 10_000, daily: false },
  retention: { keepFiles: null, keepDays: null, keepBytes: null, hold: false, ...kept },
});
const first = (name: string): number => Number(/\.(\d+)/.exec(name)?.[1]);
const filesOf = (at: Place): string[] =>
  readdirSync(dirname(at.path))
    .filter(name => /^audit\.\d+\.jsonl$/.test(name))
    .sort((a, b) => first(a) - first(b));
const linesOf = (at: Place): Line[] =>
  filesOf(at).flatMap(name =>
    readFileSync(join(dirname(at.path), name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as Line),
  );

function fill(at: Place, records = 120): void {
  const log = at.open(settings({}));
  for (let n = 0; n < records; n += 1) log.append(decision(n));
  log.close();
}

/** As an auditor who has the anchor, the files that remain, and `.epochs`. */
function verdict(at: Place): string {
  const keys = [readPublicKey(join(at.folder, 'keys', 'origin.pub'))];
  const epochs = readFileSync(`${at.path}.epochs`, 'utf8').split('\n').slice(0, -1);
  const beside = { epochs: epochs.map(line => Buffer.from(line)), state: null, judgesEnd: false };
  const origin = String(linesOf(at)[0]?.log);
  const verifier = new LogVerifier(
    { sha256, sha256Text, verify: ed25519Verify },
    { origin, keys, expect: null, beside },
  );
  for (const name of filesOf(at)) {
    const lines = readFileSync(join(dirname(at.path), name), 'utf8')
      .split('\n')
      .slice(0, -1);
    for (const [n, line] of lines.entries()) verifier.line({ file: name, line: n + 1 }, Buffer.from(line));
  }
  const report = verifier.finish();
  return `${report.verdict} ${report.findings.map(f => `${f.code}: ${f.detail}`).join('; ')}`.trim();
}

function sizes(at: Place): number {
  return filesOf(at).reduce((sum, name) => sum + fs.statSync(join(dirname(at.path), name)).size, 0);
}

const KINDS: readonly (readonly [string, Kept, (at: Place) => void])[] = [
  ['count', { keepFiles: 3 }, () => {}],
  ['size', { keepBytes: 30_000 }, () => {}],
  [
    'age',
    { keepDays: 10 },
    at => {
      const old = Date.now() / 1000 - 11 * 86_400;
      for (const name of filesOf(at).slice(0, 4)) utimesSync(join(dirname(at.path), name), old, old);
    },
  ],
];
for (const [name, kept, prepare] of KINDS) {
  test(`by ${name}: the oldest go, each is recorded, and the rest verifies`, t => {
    const at = place(t);
    fill(at);
    prepare(at);
    const before = filesOf(at);
    assert.ok(before.length > 6);
    assert.equal(verdict(at), 'intact');
    const log = at.open(settings(kept));
    log.close();
    const after = filesOf(at);
    const gone = before.filter(file => !after.includes(file));
    assert.ok(gone.length >= 2, `${gone.length} gone`);
    assert.deepEqual(gone, before.slice(0, gone.length));
    if (name === 'count') assert.ok(after.length <= 4);
    if (name === 'size') assert.ok(sizes(at) <= 42_000);
    const said = linesOf(at).filter(r => r.type === 'segment_removed');
    assert.deepEqual(
      said.map(r => r.name),
      gone,
    );
    const [opened] = linesOf(at);
    assert.deepEqual([said.at(-1)?.size, said.at(-1)?.head], [opened?.size, opened?.prev]);
    assert.equal(verdict(at), 'intact');
  });
}

test('the record is under a synced checkpoint before a file is deleted', t => {
  const at = place(t);
  fill(at);
  const shots: string[] = [];
  const table = fs as unknown as { unlinkSync: (path: string) => void };
  const real = table.unlinkSync;
  table.unlinkSync = path => {
    if (/audit\.\d+\.jsonl$/.test(path))
      shots.push(
        linesOf(at)
          .map(r => r.type)
          .join(' '),
      );
    real(path);
  };
  syncBuiltinESMExports();
  t.after(() => {
    table.unlinkSync = real;
    syncBuiltinESMExports();
  });
  at.open(settings({ keepFiles: 3 })).close();
  assert.ok(shots.length > 2);
  for (const shot of shots) assert.match(shot, /segment_removed( \w+)* checkpoint$/);
});

const put = (work: () => void): Kept => {
  work();
  return {};
};
const HOLDS: readonly (readonly [string, (at: Place) => Kept])[] = [
  ['the setting', () => ({ hold: true })],
  ['a file', at => put(() => writeFileSync(join(dirname(at.path), 'hold'), ''))],
  ['a folder', at => put(() => mkdirSync(join(dirname(at.path), 'hold')))],
  ['a dangling link', at => put(() => symlinkSync('nowhere', join(dirname(at.path), 'hold')))],
];
for (const [name, hold] of HOLDS) {
  test(`legal hold by ${name}: nothing goes; when it is lifted, it does`, t => {
    const at = place(t);
    fill(at);
    const before = filesOf(at).length;
    const kept = hold(at);
    at.open(settings({ keepFiles: 2, ...kept })).close();
    assert.ok(filesOf(at).length >= before);
    rmSync(join(dirname(at.path), 'hold'), { recursive: true, force: true });
    at.open(settings({ keepFiles: 2 })).close();
    assert.ok(filesOf(at).length <= 3);
    assert.equal(verdict(at), 'intact');
  });
}

function others(t: TestContext): Place {
  const at = place(t);
  fill(at);
  for (const name of ['audit.jsonl.1', 'audit.replaced-3.jsonl', 'notes.txt', 'audit.7-x.jsonl'])
    writeFileSync(join(dirname(at.path), name), 'theirs\n');
  return at;
}

test('what the log did not turn over itself stays, another log’s files too', t => {
  const at = others(t);
  const foreign = join(dirname(at.path), 'audit.999999.jsonl');
  writeFileSync(foreign, '{"not":"ours"}\n');
  at.open(settings({ keepFiles: 2 })).close();
  for (const name of ['audit.jsonl.1', 'audit.replaced-3.jsonl', 'notes.txt', 'audit.7-x.jsonl'])
    assert.ok(existsSync(join(dirname(at.path), name)), name);
  assert.ok(existsSync(foreign));
});
