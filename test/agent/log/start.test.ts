// T-08 of THREAT-MODEL.md.
/** Promise: whatever ended the last writer, the log goes on by one of the named cases and stays one whole chain. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { whereItStands } from '#src/agent/audit-log.js';
import { appendMany, decision, type Place, place } from '../../support/audit-log.js';
import { leftOut } from '../../support/every-byte.js';
import { type Line, readWhole } from '../../support/read-log.js';

const recoveries = (records: readonly Line[]): unknown[] =>
  records.filter(r => r.type === 'recovered').map(r => [r.cause, r.from, r.to].filter(x => x !== undefined));
const opened = (records: readonly Line[]): unknown[] =>
  records.filter(r => r.type === 'segment_opened').map(r => r.reason);
const casesAt = (at: Place): readonly string[] => whereItStands(at.path, at.settings()).start.cases;

/** A log of `log_started`, ten decisions and a checkpoint: 12 lines, closed. */
function closedLog(t: TestContext): Place {
  const at = place(t);
  const log = at.open();
  appendMany(log, 10);
  log.close();
  return at;
}

/** As after kill -9: the files as they stand while the writer lives, in another folder. */
function crashed(t: TestContext, more = 10): Place {
  const live = place(t);
  const log = live.open();
  appendMany(log, more);
  const at = place(t);
  cpSync(live.folder, at.folder, { recursive: true, filter: name => !name.endsWith('.lock') });
  return at;
}

const lines = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const restarted = (at: Place): void => {
  const log = at.open();
  appendMany(log, 3, 100);
  log.close();
};

test('agree: a closed log goes on in its file, under its name', t => {
  const at = closedLog(t);
  assert.deepEqual(casesAt(at), ['agree']);
  const origin = readWhole(at.path)[0]?.log;
  restarted(at);
  const records = readWhole(at.path);
  assert.equal(records[0]?.log, origin);
  assert.deepEqual(opened(records), []);
  assert.deepEqual(recoveries(records), []);
});

test('log_ahead: whole lines after the state are kept and go on', t => {
  const at = crashed(t);
  assert.deepEqual(casesAt(at), ['log_ahead']);
  restarted(at);
  const records = readWhole(at.path);
  assert.equal(records.filter(r => r.type === 'decision').length, 13);
  assert.deepEqual(recoveries(records), []);
});

test('torn: half a last line is saved, cut and said, at every byte of it', t => {
  const live = place(t);
  const writer = live.open();
  appendMany(writer, 1);
  writer.append({ type: 'clock_jumped', by_ms: 1 });
  const original = place(t);
  cpSync(live.folder, original.folder, { recursive: true, filter: name => !name.endsWith('.lock') });
  const whole = readFileSync(original.path);
  const begin = whole.lastIndexOf(0x0a, whole.length - 2) + 1;
  for (let cut = begin + 1; cut < whole.length; cut += 1) {
    if (leftOut(cut)) continue;
    const at = place(t);
    cpSync(original.folder, at.folder, { recursive: true, filter: name => !name.endsWith('.lock') });
    writeFileSync(at.path, whole.subarray(0, cut));
    assert.deepEqual(casesAt(at).at(-1), 'torn');
    writeFileSync(at.path, whole.subarray(0, cut));
    const log = at.open();
    log.append(decision(1));
    log.close();
    const records = readWhole(at.path);
    assert.deepEqual(recoveries(records), [['torn', 2]], `cut at ${cut}`);
    assert.deepEqual(readFileSync(`${at.path}.torn-2`), whole.subarray(begin, cut));
  }
});

test('tail_lost: lines the state knows of are never signed anew', t => {
  const at = closedLog(t);
  const kept = lines(at.path);
  writeFileSync(at.path, `${kept.slice(0, 7).join('\n')}\n`);
  assert.deepEqual(casesAt(at), ['tail_lost']);
  restarted(at);
  const old = join(dirname(at.path), 'audit.0.jsonl');
  assert.deepEqual(lines(old), kept.slice(0, 7), 'the short file is left as it was');
  const first = JSON.parse(lines(at.path)[0] as string) as Line;
  assert.equal(first.type, 'segment_opened');
  assert.equal(first.seq, 12);
  const second = JSON.parse(lines(at.path)[1] as string) as Line;
  assert.deepEqual([second.cause, second.from, second.to], ['tail_lost', 7, 12]);
  // With the lines back in place the whole is one chain again: nothing was signed below the state.
  writeFileSync(old, `${kept.join('\n')}\n`);
  readWhole(old, at.path);
});

test('tail_lost: a missing file is no new log', t => {
  const at = closedLog(t);
  renameSync(at.path, join(at.folder, 'elsewhere'));
  assert.deepEqual(casesAt(at), ['tail_lost']);
  restarted(at);
  readWhole(join(at.folder, 'elsewhere'), at.path);
});

const damages: { readonly name: string; readonly spoil: (whole: Buffer) => Buffer }[] = [
  { name: 'NULs at the end', spoil: whole => Buffer.concat([whole, Buffer.alloc(300)]) },
  { name: 'NULs for the last line', spoil: whole => Buffer.concat([whole.subarray(0, -80), Buffer.alloc(80)]) },
  { name: 'a line that does not chain', spoil: whole => Buffer.concat([whole, Buffer.from('{"v":1}\n')]) },
  { name: 'a torn piece longer than any line', spoil: whole => Buffer.concat([whole, Buffer.alloc(20_000, 'x')]) },
];
for (const { name, spoil } of damages) {
  test(`tail_damaged: ${name}; the file is untouched, the next goes on after the last whole line`, t => {
    const at = crashed(t);
    const spoilt = spoil(readFileSync(at.path));
    writeFileSync(at.path, spoilt);
    assert.equal(casesAt(at).at(-1), 'tail_damaged');
    restarted(at);
    const old = join(dirname(at.path), 'audit.0.jsonl');
    assert.deepEqual(readFileSync(old), spoilt);
    const second = JSON.parse(lines(at.path)[1] as string) as Line;
    assert.equal(second.cause, 'tail_damaged');
    writeFileSync(
      old,
      `${spoilt
        .toString('latin1')
        .split('\n')
        .slice(0, second.from as number)
        .join('\n')}\n`,
      'latin1',
    );
    readWhole(old, at.path);
  });
}

test('tail_damaged: a line that the state covers was edited', t => {
  const at = closedLog(t);
  const kept = lines(at.path);
  writeFileSync(at.path, `${[...kept.slice(0, -1), kept.at(-1)?.replace('"v":1', '"v":2')].join('\n')}\n`);
  assert.deepEqual(casesAt(at), ['tail_damaged']);
});

test('foreign_bytes: a good line after a closed log is not ours', t => {
  const at = crashed(t);
  const more = lines(at.path);
  const log = at.open();
  log.close();
  writeFileSync(at.path, `${lines(at.path).join('\n')}\n${more.at(-1)}\n`);
  assert.deepEqual(casesAt(at), ['foreign_bytes']);
  restarted(at);
  assert.equal((JSON.parse(lines(at.path)[0] as string) as Line).reason, 'foreign_bytes');
});

test('rotated: the file was moved while nobody wrote', t => {
  for (const leave of ['nothing', 'an empty file'] as const) {
    const at = crashed(t);
    const live = at.open(); // so that the state names the file by its inode
    appendMany(live, 2);
    live.close();
    renameSync(at.path, `${at.path}.1`);
    if (leave === 'an empty file') writeFileSync(at.path, '');
    assert.deepEqual(casesAt(at), ['rotated', 'agree']);
    restarted(at);
    const records = readWhole(`${at.path}.1`, at.path);
    assert.deepEqual(opened(records), ['inode']);
  }
});

test('rotated: lines after the state in the moved file count', t => {
  const at = crashed(t, 20);
  renameSync(at.path, `${at.path}.1`);
  assert.deepEqual(casesAt(at), ['rotated', 'log_ahead']);
  restarted(at);
  assert.equal(readWhole(`${at.path}.1`, at.path).filter(r => r.type === 'decision').length, 23);
});

const spoilers: { readonly name: string; readonly spoil: (state: string) => void }[] = [
  { name: 'deleted', spoil: state => rmSync(state) },
  { name: 'garbage', spoil: state => writeFileSync(state, 'garbage\0') },
  { name: 'empty', spoil: state => writeFileSync(state, '') },
  { name: 'edited', spoil: s => writeFileSync(s, readFileSync(s, 'utf8').replace(/"size":\d+/, '"size":5')) },
];
for (const { name, spoil } of spoilers) {
  test(`state_rebuilt: the state file was ${name}`, t => {
    const at = closedLog(t);
    spoil(`${at.path}.state`);
    assert.equal(casesAt(at)[0], 'state_rebuilt');
    restarted(at);
    const records = readWhole(at.path);
    assert.deepEqual(recoveries(records), [['state_rebuilt', 0, 12]]);
    assert.deepEqual(casesAt(at), ['agree']);
  });
}

test('state_rebuilt: from a later file, and from a moved one', t => {
  const at = closedLog(t);
  renameSync(at.path, `${at.path}.1`);
  restarted(at);
  rmSync(`${at.path}.state`);
  assert.deepEqual(casesAt(at), ['state_rebuilt']);
  restarted(at);
  readWhole(`${at.path}.1`, at.path);
  renameSync(at.path, `${at.path}.2`);
  rmSync(`${at.path}.state`);
  restarted(at);
  const records = readWhole(`${at.path}.1`, `${at.path}.2`, at.path);
  assert.deepEqual(opened(records), ['inode', 'recovered']);
});

test('other_key: a log whose key is gone is named by a new one', t => {
  const at = closedLog(t);
  const origin = readWhole(at.path)[0]?.log;
  const keys = join(at.folder, 'keys');
  for (const name of readdirSync(keys).filter(name => name.endsWith('.key'))) rmSync(join(keys, name));
  const pinned = readFileSync(join(keys, 'origin.pub'), 'utf8');
  restarted(at);
  const records = readWhole(at.path);
  assert.equal(records[0]?.previous_log, origin);
  assert.notEqual(records[0]?.log, origin);
  assert.equal(readFileSync(join(keys, 'origin.pub'), 'utf8'), pinned, 'the old anchor stays');
  const anchor = join(keys, `${String(records[0]?.log).slice(-16)}.pub`);
  assert.equal(readFileSync(anchor, 'utf8'), `${records[0]?.public_key}\n`);
});

test('a file that is no log is moved aside, not written into', t => {
  const at = closedLog(t);
  rmSync(`${at.path}.state`);
  writeFileSync(at.path, 'shopping list\n');
  restarted(at);
  readWhole(at.path);
  const aside = join(dirname(at.path), 'audit.replaced-0.jsonl');
  assert.equal(readFileSync(aside, 'utf8'), 'shopping list\n');
});

test('a copy of folder and state elsewhere goes on by content', t => {
  const from = closedLog(t);
  const at = place(t);
  cpSync(from.folder, at.folder, { recursive: true });
  assert.deepEqual(casesAt(at), ['agree']);
  restarted(at);
  readWhole(at.path);
});

test('other_machine: a copy of everything on another machine begins a log that names the old one, without its keys', t => {
  const at = place(t);
  const id = join(at.folder, 'machine-id');
  writeFileSync(id, `${'a'.repeat(32)}\n`);
  const log = at.open();
  appendMany(log, 3);
  log.close();
  const clone = place(t);
  cpSync(at.folder, clone.folder, { recursive: true });
  writeFileSync(join(clone.folder, 'machine-id'), `${'b'.repeat(32)}\n`);
  restarted(clone);
  const [first] = readWhole(clone.path);
  assert.equal(first?.previous_log, log.origin);
  assert.notEqual(first?.log, log.origin);
  assert.notEqual(first?.public_key, log.publicKey);
  const keys = readdirSync(join(clone.folder, 'keys'));
  assert.ok(!keys.includes(`${log.origin.slice(-16)}.0.key`), 'the copy of the key is gone');
  assert.ok(!keys.some(name => readFileSync(join(clone.folder, 'keys', name), 'utf8').includes('bbbb')));
  restarted(clone);
  assert.equal(readWhole(clone.path)[0]?.log, first?.log, 'and then it is the log of that machine');
  // The owner, unchanged, goes on.
  assert.deepEqual(casesAt(at), ['agree']);
  restarted(at);
  assert.equal(readWhole(at.path)[0]?.log, log.origin);
});

test('a machine without an ID, before or after, is not told from another', t => {
  for (const [before, after] of [
    [null, 'a'.repeat(32)],
    ['a'.repeat(32), null],
    ['a'.repeat(32), 'uninitialized'],
  ]) {
    const at = place(t);
    const id = join(at.folder, 'machine-id');
    if (before) writeFileSync(id, before);
    at.open().close();
    rmSync(id, { force: true });
    if (after) writeFileSync(id, after);
    assert.deepEqual(casesAt(at), ['agree']);
  }
});
