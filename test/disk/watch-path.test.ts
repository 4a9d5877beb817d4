import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { networkFilesystem } from '#src/disk/filesystem-kind.js';
import { SYSTEM_TIMERS, type Timers } from '#src/disk/timers.js';
import { watchPath } from '#src/disk/watch-path.js';
import { runsScript } from '../support/shell.js';
import { tempFolder } from '../support/temp.js';
import { until } from '../support/wait.js';

/** A poll that never comes, so that only events can be what is seen. */
const NO_POLL: Timers = { ...SYSTEM_TIMERS, every: () => () => {} };

type Move = {
  readonly name: string;
  readonly before: (folder: string) => void;
  readonly act: (folder: string) => void;
};
const moves: readonly Move[] = [
  {
    name: 'a rename over the file',
    before: folder => writeFileSync(join(folder, 'policy.yaml'), 'a\n'),
    act: folder => {
      writeFileSync(join(folder, 'new'), 'b\n');
      renameSync(join(folder, 'new'), join(folder, 'policy.yaml'));
    },
  },
  {
    name: 'a write in place',
    before: folder => writeFileSync(join(folder, 'policy.yaml'), 'a\n'),
    act: folder => writeFileSync(join(folder, 'policy.yaml'), 'bb\n'),
  },
  {
    name: 'deletion',
    before: folder => writeFileSync(join(folder, 'policy.yaml'), 'a\n'),
    act: folder => unlinkSync(join(folder, 'policy.yaml')),
  },
  { name: 'creation', before: () => {}, act: folder => writeFileSync(join(folder, 'policy.yaml'), 'a\n') },
  {
    name: 'a ConfigMap swap',
    before: folder => {
      for (const version of ['..1', '..2']) {
        mkdirSync(join(folder, version));
        writeFileSync(join(folder, version, 'policy.yaml'), `${version}\n`);
      }
      symlinkSync('..1', join(folder, '..data'));
      symlinkSync('..data/policy.yaml', join(folder, 'policy.yaml'));
    },
    act: folder => {
      symlinkSync('..2', join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    },
  },
];

function watched(t: TestContext, path: string, timers: Timers, fast: boolean): { looks: number } {
  const seen = { looks: 0 };
  const watch = watchPath(path, { pollMs: 50, timers, fast }, () => {
    seen.looks++;
  });
  t.after(() => watch.close());
  return seen;
}

/** It looks when it stands, for what has changed before. */
async function stands(seen: { readonly looks: number }, looks = 0): Promise<void> {
  await until('the watch', () => seen.looks > looks);
}

for (const fast of [false, true]) {
  for (const { name, before, act } of moves) {
    test(`an event tells of ${name}${fast ? ' (with the quick watch)' : ''}`, async t => {
      const folder = tempFolder(t);
      before(folder);
      const seen = watched(t, join(folder, 'policy.yaml'), NO_POLL, fast);
      await stands(seen);
      const { looks } = seen;
      act(folder);
      await until('a look', () => seen.looks > looks);
    });
  }
}

for (const fast of [false, true]) {
  test(`a folder that is a link is watched where it leads, and where it leads later${fast ? ' (quick)' : ''}`, async t => {
    const root = tempFolder(t);
    for (const name of ['one', 'two']) {
      mkdirSync(join(root, name));
      writeFileSync(join(root, name, 'policy.yaml'), 'a\n');
    }
    symlinkSync('one', join(root, 'etc'));
    const seen = { looks: 0 };
    const options = { pollMs: 1000, timers: NO_POLL, fast };
    const watch = watchPath(join(root, 'etc', 'policy.yaml'), options, () => {
      seen.looks++;
    });
    t.after(() => watch.close());
    let before = 0;
    for (const name of ['one', 'two']) {
      await stands(seen, before);
      const { looks } = seen;
      writeFileSync(join(root, 'new'), 'b\n');
      renameSync(join(root, 'new'), join(root, name, 'policy.yaml'));
      await until('a look', () => seen.looks > looks);
      symlinkSync('two', join(root, 'link'));
      renameSync(join(root, 'link'), join(root, 'etc'));
      // Nothing was told of that in between, and what is still told of the other folder ends with its watch.
      before = seen.looks;
      // As the poll would.
      watch.renew();
    }
  });
}

test('a busy log beside the switch raises nothing', async t => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'audit.jsonl'), '');
  const seen = watched(t, join(folder, 'killswitch'), NO_POLL, true);
  await stands(seen);
  const { looks } = seen;
  for (let line = 0; line < 20; line++) {
    appendFileSync(join(folder, 'audit.jsonl'), 'x\n');
    await sleep(5);
  }
  assert.equal(seen.looks, looks);
  writeFileSync(join(folder, 'killswitch'), '');
  await until('a look', () => seen.looks > looks);
});

test('a folder that appears later, goes and comes back is watched again', async t => {
  const root = tempFolder(t);
  const folder = join(root, 'a', 'b');
  // It polls when it is told to, so that what is seen in between was an event.
  let poll = () => {};
  const timers: Timers = {
    ...SYSTEM_TIMERS,
    every(_, act) {
      poll = act;
      return () => {};
    },
  };
  const seen = watched(t, join(folder, 'policy.yaml'), timers, true);
  for (let turn = 0; turn < 2; turn++) {
    mkdirSync(folder, { recursive: true });
    poll();
    await stands(seen, seen.looks);
    const { looks } = seen;
    writeFileSync(join(folder, 'policy.yaml'), 'a\n');
    await until('a look after the folder came', () => seen.looks > looks);
    rmSync(join(root, 'a'), { recursive: true, force: true, maxRetries: 10 });
    poll();
  }
});

test('the poll looks where no event comes', async t => {
  const seen = watched(t, join(tempFolder(t), 'policy.yaml'), SYSTEM_TIMERS, false);
  await until('three polls', () => seen.looks >= 3);
});

const script = (folder: string) => {
  const module = JSON.stringify(`${process.cwd()}/dist/disk/`);
  return `
    const { watchPath } = await import(${module} + 'watch-path.js');
    const { SYSTEM_TIMERS } = await import(${module} + 'timers.js');
    const { setTimeout: sleep } = await import('node:timers/promises');
    const path = ${JSON.stringify(join(folder, 'policy.yaml'))};
    const watch = watchPath(path, { pollMs: 1000, timers: SYSTEM_TIMERS, fast: true }, () => {});
    await sleep(200);
    console.log(watch.pollOnly);`;
};

test('a watch never keeps a process alive', t => {
  assert.equal(runsScript(script(tempFolder(t))).trim(), 'false');
});

test('a watch says when it cannot do more than poll', { skip: process.getuid?.() !== 0 && 'needs root' }, t => {
  const folder = tempFolder(t);
  // One may pass through, but not list: the kernel refuses a watch.
  chmodSync(folder, 0o711);
  assert.equal(runsScript(script(folder), 65534).trim(), 'true');
});

test('local filesystems are not taken for remote ones', t => {
  assert.equal(networkFilesystem(tempFolder(t)), null);
  assert.equal(networkFilesystem('/proc'), null);
  assert.equal(networkFilesystem('/nowhere/at/all'), null);
});

test('a change in the very moment of arming is not left to the poll', async t => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'policy.yaml'), 'a\n');
  const seen = watched(t, join(folder, 'policy.yaml'), NO_POLL, false);
  writeFileSync(join(folder, 'new'), 'b\n');
  renameSync(join(folder, 'new'), join(folder, 'policy.yaml'));
  await until('a look', () => seen.looks > 0);
});
