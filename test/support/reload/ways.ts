/** The ways a policy file is changed, broken, raced and attacked, each by its system calls. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Box, text } from './box.js';

export interface Way {
  readonly way: string;
  /** Before the source opens; the file holds the rule `a` unless this leaves something else. */
  readonly before?: (box: Box) => void;
  readonly act: (box: Box) => void;
  readonly want: {
    /** The rules in force in the end. */
    readonly rules: string | null;
    readonly health: 'ok' | 'degraded' | 'missing';
    /** The records after the first, in order. */
    readonly said: readonly string[];
    /** What health says. */
    readonly message?: RegExp;
  };
  readonly onlyRoot?: boolean;
}

const A = text('a');
const B = text('b');
const AB = text('a', 'b');
const LIVE = { rules: 'b', health: 'ok', said: ['loaded b'] } as const;
const NO_NEWS = { rules: 'a', health: 'ok', said: [] } as const;
const refused = (said: string, message: RegExp) =>
  ({ rules: 'a', health: 'degraded', said: [`rejected ${said}`], message }) as const;
const mended = (said: string) => ({ rules: 'b', health: 'ok', said: [`rejected ${said}`, 'loaded b'] }) as const;

/** A second, and then some. */
const SETTLED_MS = 1_100;

/** `half` first, `pauseMs` later the rest, all into one open file. */
function writeSlowly(box: Box, fd: number, pauseMs: number): void {
  writeSync(fd, text('b'));
  box.pass(pauseMs);
  writeSync(fd, AB.slice(A.length).replace('b', 'c').replace('b.', 'c.'));
  closeSync(fd);
}

function configMap(box: Box): void {
  box.remove();
  const folder = dirname(box.path);
  for (const [name, content] of [
    ['..1', A],
    ['..2', B],
  ] as const) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'policy.yaml'), content);
  }
  symlinkSync('..1', join(folder, '..data'));
  symlinkSync('..data/policy.yaml', box.path);
}

function linkElsewhere(box: Box): string {
  const elsewhere = join(box.folder, 'elsewhere');
  mkdirSync(elsewhere);
  const target = join(elsewhere, 'p.yaml');
  renameSync(box.path, target);
  symlinkSync(target, box.path);
  return target;
}

function inPlace(box: Box, content: string, flags = 'w'): void {
  const fd = openSync(box.path, flags);
  writeSync(fd, content, 0);
  closeSync(fd);
}

const elsewhere = (box: Box) => join(box.folder, 'elsewhere', 'p.yaml');

export const WAYS: readonly Way[] = [
  // Changed, as people and tools do.
  { way: 'a new file renamed over it', act: box => box.rename(B), want: LIVE },
  {
    way: 'a new file, synced, renamed over it, its folder synced',
    act(box) {
      const fd = openSync(`${box.path}.tmp`, 'wx', 0o644);
      writeSync(fd, B);
      fsyncSync(fd);
      closeSync(fd);
      renameSync(`${box.path}.tmp`, box.path);
      const folder = openSync(dirname(box.path), 'r');
      fsyncSync(folder);
      closeSync(folder);
    },
    want: LIVE,
  },
  {
    way: 'renamed away as a backup, written anew, the backup removed (vim, backupcopy=no)',
    act(box) {
      renameSync(box.path, `${box.path}~`);
      const fd = openSync(box.path, 'wx', 0o644);
      box.pass(30);
      writeSync(fd, B);
      fsyncSync(fd);
      closeSync(fd);
      chmodSync(box.path, 0o644);
      unlinkSync(`${box.path}~`);
    },
    want: LIVE,
  },
  {
    way: 'copied to a backup, cut and written in place (vim, backupcopy=yes)',
    act(box) {
      copyFileSync(box.path, `${box.path}~`);
      const fd = openSync(box.path, 'w');
      box.pass(30);
      writeSync(fd, B);
      fsyncSync(fd);
      closeSync(fd);
      unlinkSync(`${box.path}~`);
    },
    want: LIVE,
  },
  { way: 'cut and written in place (nano, ed, tee, cp, a shell)', act: box => inPlace(box, B), want: LIVE },
  {
    way: 'written over in place, then cut (rsync --inplace)',
    before: box => box.write(AB),
    act(box) {
      const fd = openSync(box.path, 'r+');
      writeSync(fd, B, 0);
      box.pass(50);
      ftruncateSync(fd, B.length);
      closeSync(fd);
    },
    want: LIVE,
  },
  { way: 'written over in place, the same length (dd conv=notrunc)', act: box => inPlace(box, B, 'r+'), want: LIVE },
  {
    way: 'a line appended',
    act: box => appendFileSync(box.path, AB.slice(A.length)),
    want: { ...LIVE, rules: 'a,b', said: ['loaded a,b'] },
  },
  {
    way: 'cut at the end of a line: a whole policy to all who read it',
    before: box => box.write(text('b', 'a')),
    act: box => truncateSync(box.path, B.length),
    want: LIVE,
  },
  {
    way: 'cut in the middle of a line',
    act: box => truncateSync(box.path, A.length - 5),
    want: refused('final_newline 3:44', /does not end in a newline/),
  },
  {
    way: 'removed, then written anew (cp --remove-destination, install, git checkout)',
    act(box) {
      unlinkSync(box.path);
      box.pass(10);
      inPlace(box, B, 'wx');
    },
    want: LIVE,
  },
  {
    way: 'removed and slowly written anew: never live by half',
    act(box) {
      unlinkSync(box.path);
      box.pass(10);
      writeSlowly(box, openSync(box.path, 'wx'), 900);
    },
    want: { rules: 'b,c', health: 'ok', said: ['loaded b,c'] },
  },
  {
    way: 'a writer that pauses half-way: never live by half',
    act: box => writeSlowly(box, openSync(box.path, 'w'), 900),
    want: { rules: 'b,c', health: 'ok', said: ['loaded b,c'] },
  },
  {
    way: 'a writer that pauses for longer than is waited: by half, and whole when it goes on',
    act: box => writeSlowly(box, openSync(box.path, 'w'), 1_500),
    want: { rules: 'b,c', health: 'ok', said: ['loaded b', 'loaded b,c'] },
  },
  {
    way: 'a ConfigMap: the link beside it is swapped',
    before: configMap,
    act(box) {
      const data = join(dirname(box.path), '..data');
      symlinkSync('..2', `${data}_tmp`);
      renameSync(`${data}_tmp`, data);
    },
    want: LIVE,
  },
  {
    way: 'a link to a file elsewhere, where another is renamed over it',
    before: box => void linkElsewhere(box),
    act(box) {
      writeFileSync(`${elsewhere(box)}.new`, B);
      renameSync(`${elsewhere(box)}.new`, elsewhere(box));
    },
    want: LIVE,
  },
  {
    way: 'a link to a file elsewhere, which is written in place',
    before: box => void linkElsewhere(box),
    act: box => box.write(B, elsewhere(box)),
    want: LIVE,
  },
  {
    way: 'a link, and another renamed over it',
    before: box => void linkElsewhere(box),
    act(box) {
      const other = join(box.folder, 'elsewhere', 'q.yaml');
      box.write(B, other);
      symlinkSync(other, `${box.path}.new`);
      renameSync(`${box.path}.new`, box.path);
    },
    want: LIVE,
  },
  {
    way: 'the folder renamed away and another put in its place',
    act(box) {
      const folder = dirname(box.path);
      renameSync(folder, `${folder}.old`);
      mkdirSync(folder);
      box.write(B);
    },
    want: LIVE,
  },
  {
    way: 'a parent that appears later',
    before: box => rmSync(dirname(box.path), { recursive: true }),
    act(box) {
      box.pass(SETTLED_MS);
      mkdirSync(dirname(box.path));
      box.write(B);
    },
    want: LIVE,
  },
  // No change at all.
  { way: 'touched', act: box => utimesSync(box.path, 5, 5), want: NO_NEWS },
  { way: 'the same bytes, renamed over it', act: box => box.rename(A), want: NO_NEWS },
  { way: 'the same bytes, written in place', act: box => box.write(A), want: NO_NEWS },
  {
    way: 'two quick renames, there and back',
    act(box) {
      box.rename(B);
      box.pass(10);
      box.rename(A);
    },
    want: NO_NEWS,
  },
  {
    way: 'removed and written anew as it was',
    act(box) {
      unlinkSync(box.path);
      box.pass(SETTLED_MS);
      box.write(A);
    },
    want: { ...NO_NEWS, said: ['rejected policy_missing'] },
  },
  {
    way: 'the folder renamed away and back',
    act(box) {
      const folder = dirname(box.path);
      renameSync(folder, `${folder}.old`);
      box.pass(SETTLED_MS);
      renameSync(`${folder}.old`, folder);
    },
    want: { ...NO_NEWS, said: ['rejected policy_missing'] },
  },
  // Other bytes behind the same marks.
  {
    way: 'the same size and time of change, other bytes',
    act(box) {
      const { atime, mtime } = statSync(box.path);
      inPlace(box, B, 'r+');
      utimesSync(box.path, atime, mtime);
    },
    want: LIVE,
  },
  {
    way: 'the time of change set back to 1970, as by an archive that is unpacked or a clock that is wrong',
    act(box) {
      box.write(B, `${box.path}.new`);
      utimesSync(`${box.path}.new`, 0, 0);
      renameSync(`${box.path}.new`, box.path);
    },
    want: LIVE,
  },
  {
    way: 'another name of the same file, written through that',
    act(box) {
      linkSync(box.path, join(box.folder, 'other'));
      box.write(B, join(box.folder, 'other'));
    },
    want: LIVE,
  },
  // Broken.
  { way: 'removed', act: box => unlinkSync(box.path), want: refused('policy_missing', /policy\.yaml/) },
  { way: 'empty', act: box => box.rename(''), want: refused('policy_empty 1:1', /./) },
  { way: 'no newline at its end', act: box => box.rename(B.trimEnd()), want: refused('final_newline 3:48', /newline/) },
  {
    way: 'NUL bytes at its end, as a power cut leaves',
    act: box => box.rename(`${B}\0\0\0`),
    want: refused('not_text 1:1', /NUL bytes/),
  },
  {
    way: 'a byte order mark',
    act: box => box.rename(`\ufeff${B}`),
    want: refused('byte_order_mark 1:1', /byte order mark/),
  },
  {
    way: 'bytes that are no UTF-8',
    act: box => box.rename(Uint8Array.of(0xff, 0xfe, 10)),
    want: refused('not_utf8 1:1', /UTF-8/),
  },
  { way: 'YAML that does not parse', act: box => box.rename(`${B}  - {\n`), want: refused('yaml_syntax 5:1', /./) },
  {
    way: 'a key that nobody knows',
    act: box => box.rename(`${B}rulse: []\n`),
    want: refused('unknown_key 4:1', /rulse/),
  },
  { way: 'a key twice', act: box => box.rename(`${B}default: allow\n`), want: refused('duplicate_key 4:1', /default/) },
  {
    way: 'a name over its bound',
    act: box => box.rename(text('n'.repeat(129))),
    want: refused('bound_exceeded 3:13', /128/),
  },
  {
    way: 'a test of its own that fails',
    act: box =>
      box.rename(
        `${B}tests:\n  - { name: t, request: { method: GET, url: "https://c.example/" }, expect: { result: allow } }\n`,
      ),
    want: refused('test_failed 5:5', /expected allow and got deny/),
  },
  {
    way: 'larger than a policy may be',
    act(box) {
      closeSync(openSync(`${box.path}.new`, 'w'));
      truncateSync(`${box.path}.new`, 4 * 1024 * 1024 + 1);
      renameSync(`${box.path}.new`, box.path);
    },
    want: refused('policy_too_large', /4194305/),
  },
  {
    way: 'broken, then mended',
    act(box) {
      box.rename(`${B}rulse: []\n`);
      box.pass(50);
      box.rename(B);
    },
    want: mended('unknown_key 4:1'),
  },
  // No file, or one that cannot be read.
  {
    way: 'a folder in its place',
    act(box) {
      unlinkSync(box.path);
      mkdirSync(box.path);
    },
    want: refused('policy_not_regular', /a directory/),
  },
  {
    way: 'a named pipe that nobody writes to: nothing hangs',
    act(box) {
      unlinkSync(box.path);
      spawnSync('mkfifo', ['-m', '600', box.path]);
    },
    want: refused('policy_not_regular', /a named pipe/),
  },
  {
    way: 'a link to a device',
    act(box) {
      unlinkSync(box.path);
      symlinkSync('/dev/zero', box.path);
    },
    want: refused('policy_not_regular', /a device/),
  },
  {
    way: 'a link that leads nowhere',
    act(box) {
      unlinkSync(box.path);
      symlinkSync('nowhere', box.path);
    },
    want: refused('policy_missing', /policy\.yaml/),
  },
  {
    way: 'a link that leads to itself, for a while',
    act(box) {
      unlinkSync(box.path);
      symlinkSync('policy.yaml', box.path);
      box.pass(SETTLED_MS);
      unlinkSync(box.path);
      box.write(B);
    },
    want: mended('policy_unreadable'),
  },
  {
    way: 'a file where its folder was',
    act(box) {
      rmSync(dirname(box.path), { recursive: true });
      writeFileSync(dirname(box.path), '');
    },
    want: refused('policy_missing', /policy\.yaml/),
  },
  // Attacked.
  {
    way: 'writable by everyone',
    act(box) {
      box.write(B, `${box.path}.new`);
      chmodSync(`${box.path}.new`, 0o666);
      renameSync(`${box.path}.new`, box.path);
    },
    want: refused('policy_writable_by_others', /0666.*chmod go-w/),
  },
  {
    way: 'writable by a group, until its mode is mended',
    act(box) {
      box.write(B, `${box.path}.new`);
      if (process.getuid?.() === 0) chownSync(`${box.path}.new`, 0, 65_534);
      chmodSync(`${box.path}.new`, 0o664);
      renameSync(`${box.path}.new`, box.path);
      box.pass(SETTLED_MS);
      chmodSync(box.path, 0o644);
    },
    want: mended('policy_writable_by_others'),
    onlyRoot: true,
  },
  {
    way: 'another owner',
    act(box) {
      box.write(B, `${box.path}.new`);
      chownSync(`${box.path}.new`, 65_534, 65_534);
      renameSync(`${box.path}.new`, box.path);
    },
    want: refused('policy_writable_by_others', /chown/),
    onlyRoot: true,
  },
  {
    way: 'a folder that everyone may write to, until its mode is mended; the file is not touched',
    act(box) {
      chmodSync(dirname(box.path), 0o777);
      box.rename(B);
      box.pass(SETTLED_MS);
      chmodSync(dirname(box.path), 0o755);
    },
    want: mended('policy_writable_by_others'),
  },
  {
    way: 'a link into a folder that everyone may write to',
    act(box) {
      linkElsewhere(box);
      chmodSync(dirname(elsewhere(box)), 0o777);
    },
    want: refused('policy_writable_by_others', /elsewhere/),
  },
  // Raced.
  {
    way: 'another file in its place between the look and the read: the one that settled does not count',
    act(box) {
      box.rename(text('c'));
      box.source.lookAgain();
      box.clock.onAsked = () => {
        box.clock.onAsked = null;
        box.rename(B);
      };
    },
    want: LIVE,
  },
  {
    way: 'replaced every 10 ms for a second: the last one',
    act(box) {
      for (let i = 0; i < 100; i++) {
        box.rename(text(`x${i}`));
        box.pass(10);
      }
      box.rename(B);
    },
    want: LIVE,
  },
  {
    way: 'a file that never stands still: said once after five seconds, the old policy stays',
    act(box) {
      for (let i = 0; i < 70; i++) {
        // Of another size each time: the times of the file may have stood still in between.
        box.write(text(`x${i}${'y'.repeat(i % 2)}`));
        box.pass(100);
      }
    },
    want: { rules: 'x69y', health: 'ok', said: ['rejected never_settles', 'loaded x69y'] },
  },
];
