/** Promise: many threads give the very report of one, in memory that does not grow with the log. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { verify } from '#src/cli/verify.js';
import { toBase64 } from '#src/core/bytes.js';
import { testSigner } from '../support/audit-builder.js';
import { runCommand } from '../support/cli-command.js';
import { HISTORIES, LabLog } from '../support/histories.js';
import { writeLongLog } from '../support/long-log.js';

const folder = mkdtempSync(join(tmpdir(), 'checkrd-parallel-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
const origin = 'host/crm-agent/0123456789abcdef';
const signer = testSigner('epoch 0');
const key = toBase64(signer.publicKey);

/** One report by no threads and by three. */
async function both(...paths: string[]): Promise<{ readonly code: number; readonly out: string }> {
  const runs = [];
  for (const jobs of ['1', '3'])
    runs.push(await runCommand(verify, ['--json', '--jobs', jobs, '--key', key, ...paths]));
  const [one, three] = runs;
  assert.deepEqual(three, one);
  return { code: one?.code ?? -1, out: one?.out.join('\n') ?? '' };
}

const whole = join(folder, 'whole.jsonl');
const count = writeLongLog(whole, 5_000_000, origin, signer);
const lines = readFileSync(whole, 'utf8').split('\n').slice(0, -1);
const write = (name: string, altered: readonly string[]): string => {
  writeFileSync(join(folder, name), altered.map(line => `${line}\n`).join(''));
  return join(folder, name);
};
/** First lines of the blocks that threads get, and their neighbours. */
const edges = [1, 2, 3].map(n => Math.floor((n * 1024 * 1024) / (lines[5]?.length ?? 1)));

test('a sound log', async () => {
  const { code, out } = await both(whole);
  assert.equal(code, 0, out);
  assert.ok(out.includes(`"size":${count},`));
});

test('what is wrong at the edges of the blocks and within', async () => {
  const at = edges.flatMap(edge => [edge - 1, edge, edge + 1, edge + 200]);
  const edited = lines.map((line, i) => (at.includes(i) ? line.replace('GET', 'PUT') : line));
  const dropped = lines.filter((_, i) => !at.includes(i));
  const doubled = lines.flatMap((line, i) => (at.includes(i) ? [line, line] : [line]));
  const swapped = at.reduce((all, i) => all.with(i, all[i + 1] as string).with(i + 1, all[i] as string), lines);
  const odd = lines.toSpliced(edges[1] as number, 0, 'x'.repeat(3_000_000), 'hello', '', '{"v":1}');
  for (const [name, altered] of Object.entries({ edited, dropped, doubled, swapped, odd })) {
    const { code } = await both(write(name, altered));
    assert.equal(code, 1, name);
  }
});

test('several files, one of them compressed, one torn', async () => {
  const [a, b] = [write('a', lines.slice(0, 3000)), write('b', lines.slice(3000, 6000))];
  writeFileSync(b, gzipSync(readFileSync(b)));
  writeFileSync(join(folder, 'c'), `${lines.slice(6000).join('\n')}\n{"torn`);
  const { code, out } = await both(join(folder, 'c'), b, a);
  assert.equal(code, 2);
  assert.match(out, /torn_tail/);
});

test('every history of a real log', async t => {
  for (const { name, run } of HISTORIES.filter((_, i) => i % 3 === 0)) {
    const log = new LabLog();
    t.after(() => log.remove());
    run(log);
    await t.test(name, async () => void (await both(...log.files())));
  }
});

const long = join(folder, 'long.jsonl');
before(() => void writeLongLog(long, 32_000_000, origin, signer));

test('progress is for terminals, and leaves nothing behind', async t => {
  const said: string[] = [];
  // However fast the machine is, time passes while it reads.
  let nowMs = 0;
  t.mock.method(performance, 'now', () => {
    nowMs += 1000;
    return nowMs;
  });
  const run = await runCommand(verify, ['--key', key, long], { progress: text => void said.push(text) });
  assert.equal(run.code, 0);
  assert.match(said[0] ?? '', /^\d+ MB read$/);
  assert.equal(said.at(-1), '');
  assert.ok(run.err.length === 0);
});

test('32 MB in a heap of 24, by one thread and by three', () => {
  for (const jobs of ['1', '3']) {
    // Of the program itself: what it needed at most, in KiB, says the kernel when it is over.
    const script = `import { readFileSync } from 'node:fs'; process.on('exit', () => console.error(
      /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])); process.argv = [process.argv[0], 'checkrd',
      'verify', '--jobs', '${jobs}', '--key', '${key}', '${long}']; await import('${process.cwd()}/dist/cli/main.js');`;
    const file = join(folder, 'run.mjs');
    writeFileSync(file, script);
    const errors = join(folder, 'errors');
    const out = execFileSync(process.execPath, ['--max-old-space-size=24', file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', openSync(errors, 'w')],
    });
    assert.match(out, /INTACT/);
    const peakKib = Number(readFileSync(errors, 'utf8').trim());
    assert.ok(peakKib > 10_000 && peakKib < 200_000, `${peakKib} KiB with ${jobs}`);
  }
});
