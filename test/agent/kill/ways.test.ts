// T-13 of THREAT-MODEL.md.
/** Ways to put a switch there, to take it away, and to lose its folder: who is stopped then, what is recorded, what is said. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { killRecord } from '#src/agent/kill-records.js';
import { openKillSwitch } from '#src/agent/kill-switch.js';
import { type AgentId, agentId } from '#src/core/brand.js';
import { killDecision } from '#src/core/decide/kill.js';
import { SYSTEM_TIMERS, type Timers } from '#src/disk/timers.js';
import { tempFolder } from '../../support/temp.js';

const id = (text: string): AgentId => agentId(text) ?? assert.fail(text);
const CRM = id('crm-1');
const BILLING = id('billing');

/** No polls and no events: a look finds what there is by itself. */
const QUIET: Timers = { ...SYSTEM_TIMERS, every: () => () => {} };

interface Place {
  /** The folder of the switch. */
  readonly lib: string;
  readonly path: string;
  readonly own: string;
  /** As the poll does. */
  refresh(): void;
}

interface Way {
  readonly way: string;
  readonly before?: (p: Place) => void;
  readonly act: (p: Place, t: TestContext) => void | Promise<void>;
  /** Who is refused then. */
  readonly stops: readonly AgentId[];
  /** `engaged|released FILE SCOPE[: REASON]`, from the first to the last. */
  readonly records: readonly string[];
  /** What the last who was refused is told. */
  readonly message?: string;
}

const BOTH = [CRM, BILLING];
const PLAIN = {
  stops: BOTH,
  records: ['engaged killswitch all'],
  message: 'the kill switch stops every agent',
} as const;
const LOST = 'the folder of the kill switch is gone or was replaced';
const LOST_BOTH = { stops: BOTH, message: `the kill switch stops every agent: ${LOST}` } as const;
const touch = (path: string): void => closeSync(openSync(path, 'a'));

const WAYS: readonly Way[] = [
  { way: 'touched', act: p => touch(p.path), ...PLAIN },
  { way: 'a directory', act: p => mkdirSync(p.path), ...PLAIN },
  { way: 'a link that leads nowhere', act: p => symlinkSync('nowhere', p.path), ...PLAIN },
  { way: 'a link to itself', act: p => symlinkSync('killswitch', p.path), ...PLAIN },
  {
    way: 'a FIFO, without hanging',
    act: p => assert.equal(spawnSync('mkfifo', [p.path]).status, 0),
    ...PLAIN,
  },
  {
    way: 'a socket',
    act: async (p, t) => {
      const server = createServer().listen(p.path);
      await new Promise<void>(resolve => server.once('listening', resolve));
      t.after(() => server.close());
    },
    ...PLAIN,
  },
  { way: 'a file that nobody may read', act: p => writeFileSync(p.path, '', { mode: 0 }), ...PLAIN },
  {
    way: 'written elsewhere and renamed in',
    act(p) {
      writeFileSync(`${p.path}.new`, 'reason: an outage\n');
      renameSync(`${p.path}.new`, p.path);
    },
    stops: BOTH,
    records: ['engaged killswitch all: an outage'],
    message: 'the kill switch stops every agent: an outage',
  },
  {
    way: 'a hard link to a file elsewhere',
    act(p) {
      writeFileSync(join(p.lib, '..', 'kept'), 'reason: kept ready\n');
      linkSync(join(p.lib, '..', 'kept'), p.path);
    },
    stops: BOTH,
    records: ['engaged killswitch all: kept ready'],
  },
  {
    way: 'contents that name agents',
    act: p => writeFileSync(p.path, 'reason: only these\nagents: [crm-*]\n'),
    stops: [CRM],
    records: ['engaged killswitch crm-*: only these'],
    message: "the kill switch stops 'crm-*': only these",
  },
  { way: 'contents that name nobody', act: p => writeFileSync(p.path, 'agents: []\n'), ...PLAIN },
  { way: 'an unknown key', act: p => writeFileSync(p.path, 'agent: [crm-1]\n'), ...PLAIN },
  { way: 'an end that is no time', act: p => writeFileSync(p.path, 'until: tomorrow\n'), ...PLAIN },
  { way: 'contents over 4 KiB', act: p => writeFileSync(p.path, `agents: [x]\n#${'x'.repeat(5_000)}\n`), ...PLAIN },
  {
    way: 'an end that is over',
    act: p => writeFileSync(p.path, 'until: 2020-01-01T00:00:00Z\n'),
    stops: [],
    records: [],
  },
  {
    way: 'a time of writing before all time',
    act(p) {
      touch(p.path);
      utimesSync(p.path, -9e9, -9e9);
    },
    ...PLAIN,
  },
  {
    way: 'for one agent',
    act: p => touch(p.own),
    stops: [CRM],
    records: ['engaged killswitch.d/crm-1 crm-1'],
    message: "the kill switch stops 'crm-1'",
  },
  {
    way: 'for one agent, as a directory that names another',
    act: p => mkdirSync(join(p.own, 'billing'), { recursive: true }),
    stops: [CRM],
    records: ['engaged killswitch.d/crm-1 crm-1'],
  },
  { way: 'a name that is no agent ID', act: p => touch(`${p.path}.d/crm 1`), stops: [], records: [] },
  { way: 'a file of another name beside it', act: p => touch(`${p.path}~`), stops: [], records: [] },
  {
    way: 'two holds, of which one is released',
    before(p) {
      touch(p.path);
      touch(p.own);
    },
    act(p) {
      p.refresh();
      unlinkSync(p.path);
    },
    stops: [CRM],
    records: ['engaged killswitch all', 'engaged killswitch.d/crm-1 crm-1', 'released killswitch all'],
  },
  {
    way: 'released',
    before: p => touch(p.path),
    act: p => unlinkSync(p.path),
    stops: [],
    records: ['engaged killswitch all', 'released killswitch all'],
  },
  {
    way: 'narrowed while it stands',
    before: p => touch(p.path),
    act: p => writeFileSync(p.path, 'agents: [billing]\n'),
    stops: [BILLING],
    records: ['engaged killswitch all', 'engaged killswitch billing', 'released killswitch all'],
  },
  {
    way: 'the folder removed',
    act: p => rmSync(p.lib, { recursive: true }),
    ...LOST_BOTH,
    records: [`engaged . all: ${LOST}`, `engaged killswitch.d all: ${LOST}`],
  },
  {
    way: 'the folder renamed',
    act: p => renameSync(p.lib, `${p.lib}.old`),
    ...LOST_BOTH,
    records: [`engaged . all: ${LOST}`, `engaged killswitch.d all: ${LOST}`],
  },
  {
    way: 'the folder replaced by an empty one, the switch in the old',
    before: p => touch(p.path),
    act(p) {
      renameSync(p.lib, `${p.lib}.old`);
      mkdirSync(`${p.path}.d`, { recursive: true });
    },
    stops: BOTH,
    // The poll then arms the new one, in which nothing stands.
    records: [
      'engaged killswitch all',
      `engaged . all: ${LOST}`,
      'released killswitch all',
      `released . all: ${LOST}`,
      `engaged killswitch.d all: ${LOST}`,
      `released killswitch.d all: ${LOST}`,
    ],
  },
  {
    way: 'the folder replaced by an empty one, and armed anew',
    act(p) {
      renameSync(p.lib, `${p.lib}.old`);
      mkdirSync(`${p.path}.d`, { recursive: true });
      p.refresh();
    },
    stops: [],
    records: [
      `engaged . all: ${LOST}`,
      `released . all: ${LOST}`,
      `engaged killswitch.d all: ${LOST}`,
      `released killswitch.d all: ${LOST}`,
    ],
  },
  {
    way: 'the folder of agents removed',
    act: p => rmSync(`${p.path}.d`, { recursive: true }),
    ...LOST_BOTH,
    records: [`engaged killswitch.d all: ${LOST}`],
  },
  {
    way: 'the folder of agents a link to another',
    act(p) {
      // Not removed: the other could get its number.
      renameSync(`${p.path}.d`, `${p.path}.old`);
      mkdirSync(`${p.lib}/other`);
      symlinkSync('other', `${p.path}.d`);
    },
    ...LOST_BOTH,
    records: [`engaged killswitch.d all: ${LOST}`, `released killswitch.d all: ${LOST}`],
  },
];

for (const { way, before, act, stops, records, message } of WAYS) {
  test(way, async t => {
    const lib = join(tempFolder(t), 'lib');
    const path = join(lib, 'killswitch');
    mkdirSync(`${path}.d`, { recursive: true });
    const told: string[] = [];
    const tell =
      (type: 'kill_engaged' | 'kill_released') =>
      (hold: Parameters<typeof killRecord>[1]): void => {
        const { source, scope, reason } = killRecord(type, hold);
        const file = relative(lib, source) || '.';
        told.push(`${type.slice(5)} ${file} ${scope}${reason === undefined ? '' : `: ${reason}`}`);
      };
    const observer = { engaged: tell('kill_engaged'), released: tell('kill_released') };
    const p: Place = { lib, path, own: `${path}.d/${CRM}`, refresh: () => killSwitch.refresh() };
    before?.(p);
    const killSwitch = openKillSwitch({ path, observer, timers: QUIET });
    t.after(() => killSwitch.close());
    await act(p, t);
    const holds = BOTH.map(agent => killSwitch.look(agent));
    assert.deepEqual(
      BOTH.filter((_, i) => holds[i] !== null),
      stops,
    );
    if (!way.endsWith('anew')) killSwitch.refresh();
    assert.deepEqual(told, records);
    const last = holds.findLast(hold => hold !== null);
    if (message !== undefined) assert.equal(last && killDecision(last).reason, message);
  });
}
