// T-82 of THREAT-MODEL.md.
/** Every way a policy file is changed, broken, raced or attacked: what is in force then, what is recorded and said. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, statSync, unlinkSync, utimesSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { Box, text } from '../../support/reload/box.js';
import { heard } from '../../support/reload/heard.js';
import { TOOLS } from '../../support/reload/tools.js';
import { WAYS } from '../../support/reload/ways.js';
import { tempFolder } from '../../support/temp.js';
import { until } from '../../support/wait.js';

const root = process.getuid?.() === 0;

suite('ways to change a policy', () => {
  for (const [i, { way, before, act, want, onlyRoot }] of WAYS.entries()) {
    test(way, { skip: onlyRoot === true && !root && 'needs root' }, async t => {
      const folder = join(tempFolder(t), `${i}`);
      mkdirSync(folder);
      const box = new Box(folder);
      box.write(text('a'));
      before?.(box);
      box.open();
      t.after(() => box.source.close());
      const first = box.records.length;
      assert.equal(first, 1);
      box.tick();
      act(box);
      // Longer than anything settles, and longer than the poll takes.
      box.pass(2_500, 50);
      // What is large is read and built later. The clock passes more slowly than time does: a build must not time out by it.
      await until(
        'judged',
        () => {
          if (box.records.length < first + want.said.length) box.pass(2, 2);
          return box.records.length >= first + want.said.length;
        },
        100_000,
      );
      assert.deepEqual(box.said().slice(first), want.said);
      assert.equal(box.rules(), want.rules);
      const { state, issue } = box.source.health();
      assert.equal(state, want.health);
      if (want.message === undefined) assert.equal(issue, null);
      else assert.match(issue?.message ?? '', want.message);
    });
  }
});

const A = text('a');
const B = text('b');

suite('with the tools themselves', () => {
  for (const { tool, command, writes } of TOOLS) {
    const there = spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
    test(command, { skip: !there && `${tool} is not here` }, t => {
      const box = new Box(tempFolder(t));
      const folder = dirname(box.path);
      const shell = (line: string) => {
        const env = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1', TERM: 'dumb' };
        const done = spawnSync('sh', ['-ec', line], { cwd: folder, encoding: 'utf8', env });
        assert.equal(done.status, 0, done.stderr);
      };
      box.write(A);
      if (tool === 'git') {
        const me = '-c user.name=a -c user.email=a@example.com';
        shell(`git init -q && git add policy.yaml && git ${me} commit -qm a && cp policy.yaml ../a`);
        box.write(B);
        shell(`git ${me} commit -qam b && git checkout -q HEAD~1`);
      }
      box.write(B, join(folder, 'new.yaml'));
      // Files of one size and second are one and the same to rsync.
      utimesSync(join(folder, 'new.yaml'), 1_000_000_000, 1_000_000_000);
      box.open();
      t.after(() => box.source.close());
      const { ino } = statSync(box.path);
      // Held open, so that no other file can have its number.
      const held = openSync(box.path, 'r');
      t.after(() => closeSync(held));
      box.tick();
      shell(tool === 'git' ? 'git checkout -q -' : command);
      assert.equal(box.read(), B);
      assert.equal(statSync(box.path).ino === ino, writes === 'into');
      box.pass(900);
      if (writes !== 'anew') assert.equal(box.rules(), writes === 'into' ? 'a' : 'b');
      box.pass(300);
      assert.equal(box.rules(), 'b');
      assert.deepEqual(box.said(), ['loaded a', 'loaded b']);
    });
  }
});

suite('by events', () => {
  test('a file removed and made anew in an instant is not taken for a rename while it is still being written', async t => {
    const box = new Box(tempFolder(t));
    box.write(A);
    box.open({ watch: true });
    t.after(() => box.source.close());
    await heard(dirname(box.path));
    unlinkSync(box.path);
    const fd = openSync(box.path, 'wx');
    writeSync(fd, B);
    // The events of a file beside it come after those of the file.
    await heard(dirname(box.path));
    box.clock.advance(900);
    assert.equal(box.rules(), 'a');
    writeSync(fd, text('b', 'c').slice(B.length));
    box.pass(900);
    assert.equal(box.rules(), 'a');
    box.pass(300);
    assert.equal(box.rules(), 'b,c');
    assert.deepEqual(box.said(), ['loaded a', 'loaded b,c']);
  });

  test('a file renamed over it is live as soon as it has stood still, whatever was written beside it', async t => {
    const box = new Box(tempFolder(t));
    box.write(A);
    box.open({ watch: true });
    t.after(() => box.source.close());
    await heard(dirname(box.path));
    box.rename(B);
    await heard(dirname(box.path));
    box.clock.advance(20);
    assert.equal(box.rules(), 'b');
  });
});
