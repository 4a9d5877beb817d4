// T-11 of THREAT-MODEL.md.
/**
 * Promise: whatever becomes of the log's file or folder, strict denies and permissive counts, health says why, it works again
 * when the cause is gone, and what `verify` then says is what docs/audit-log.md promises. Disks that fail: test/system.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Checkrd, isCheckrdPolicyDenied } from 'checkrd';
import { verify } from '#src/cli/verify.js';
import { runCommand } from '../support/cli-command.js';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';

interface Case {
  readonly name: string;
  /** `kept` is a path for what an auditor still has elsewhere. */
  readonly spoil: (log: string, kept: string) => void;
  /** Absent: the log goes on at once. */
  readonly mend?: (log: string) => void;
  /** What health says of it. */
  readonly says?: RegExp;
  /** Exit code of `verify` over all files, and what it finds. */
  readonly verdict: 0 | 1;
  readonly finds: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: 'replaced by a link',
    spoil: (log, kept) => {
      renameSync(log, kept);
      symlinkSync('/dev/null', log);
    },
    mend: log => rmSync(log),
    says: /ELOOP/,
    verdict: 0,
    finds: [],
  },
  {
    name: 'replaced by a FIFO',
    spoil: (log, kept) => {
      renameSync(log, kept);
      execFileSync('mkfifo', [log]);
    },
    mend: log => rmSync(log),
    says: /EINVAL/,
    verdict: 0,
    finds: [],
  },
  {
    name: 'its folder was deleted',
    spoil: (log, kept) => {
      cpSync(log, kept);
      rmSync(dirname(log), { recursive: true });
    },
    mend: log => mkdirSync(dirname(log)),
    says: /ENOENT/,
    verdict: 1,
    // The copy lacks what was written to the deleted file at its end.
    finds: ['missing'],
  },
  {
    name: 'foreign bytes at its end',
    spoil: log => appendFileSync(log, 'not ours\n'),
    verdict: 1,
    finds: ['foreign'],
  },
  {
    name: 'copied and cut, as copytruncate does',
    spoil: (log, kept) => {
      cpSync(log, kept);
      truncateSync(log, 0);
    },
    verdict: 0,
    finds: [],
  },
  {
    name: 'cut',
    spoil: log => truncateSync(log, 0),
    verdict: 1,
    finds: ['missing'],
  },
];

const CALLS = 3;

async function asPromised(one: Case, mode: 'strict' | 'permissive'): Promise<void> {
  const home = new Home({ 'policy.yaml': 'default: allow\nrules: []\n', 'checkrd.yaml': 'audit: { url_path: raw }\n' });
  const checkrd = new Checkrd({ agentId: 'a', configDir: home.dir, securityMode: mode });
  try {
    const sent: string[] = [];
    const guarded = checkrd.wrap(async input => {
      sent.push(String((input as Request).url ?? input));
      return new Response('sent');
    });
    const log = home.path('audit', 'a.jsonl');
    let n = 0;
    const call = async (): Promise<string> => {
      n += 1;
      try {
        await (await guarded(`http://a.example/c${n}`)).text();
        return 'sent';
      } catch (error) {
        if (!isCheckrdPolicyDenied(error)) throw error;
        return (error as { readonly code: string }).code;
      }
    };
    const calls = async (): Promise<string[]> => {
      const ends: string[] = [];
      for (let i = 0; i < CALLS; i += 1) ends.push(await call());
      return ends;
    };
    const all = (end: string): string[] => Array.from({ length: CALLS }, () => end);
    assert.deepEqual(await calls(), all('sent'));
    const kept = home.path('kept.jsonl');
    one.spoil(log, kept);
    if (one.mend !== undefined) {
      await until('it is noticed', () => checkrd.healthy().audit.state === 'failing');
      assert.deepEqual(await calls(), all(mode === 'strict' ? 'audit_unavailable' : 'sent'));
      const { audit } = checkrd.healthy();
      assert.equal(audit.error?.code, 'audit_unavailable');
      assert.match(audit.error?.message ?? '', one.says as RegExp);
      one.mend(log);
    }
    assert.deepEqual(await calls(), all('sent'), 'when the cause is gone');
    assert.equal(checkrd.healthy().audit.state, 'ok');
    await checkrd.close();
    const files = readdirSync(dirname(log)).filter(name => /\.jsonl$/.test(name));
    const paths = [
      ...files.map(name => join(dirname(log), name)),
      ...(readdirSync(home.dir).includes('kept.jsonl') ? [kept] : []),
    ];
    const run = await runCommand(verify, ['--json', '--key', home.path('keys', 'origin.pub'), ...paths]);
    const report = JSON.parse(run.out.join('')) as { logs: { findings: { code: string }[] }[] };
    const found = new Set(report.logs.flatMap(({ findings }) => findings.map(({ code }) => code)));
    assert.deepEqual([run.code, [...found]], [one.verdict, one.finds], run.out.join('\n'));
    const text = paths.map(path => readFileSync(path, 'utf8')).join('');
    if (one.mend !== undefined) {
      const dropped = [...text.matchAll(/"count":(\d+),[^\n]*"records_dropped"/g)].map(([, count]) => Number(count));
      assert.ok(dropped.reduce((sum, count) => sum + count, 0) >= CALLS, 'they are counted');
    }
    // No call left the machine without a record, but for those that permissive let pass meanwhile.
    const meanwhile = one.mend !== undefined && mode === 'permissive' ? CALLS : 0;
    const unrecorded = sent.filter(url => !text.includes(`"url_path":"${new URL(url).pathname}"`));
    const lost = one.name === 'cut' ? CALLS : 0;
    assert.equal(unrecorded.length, meanwhile + lost, unrecorded.join(' '));
  } finally {
    await checkrd.close();
    home.remove();
  }
}

test('what becomes of the file or its folder', { concurrency: true }, async t => {
  const modes = ['strict', 'permissive'] as const;
  const each = CASES.flatMap(one => modes.map(mode => [one, mode] as const));
  await Promise.all(each.map(([one, mode]) => t.test(`${one.name} (${mode})`, () => asPromised(one, mode))));
});
