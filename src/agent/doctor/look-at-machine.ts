/** What the machine gives: Node, engine, lock program, ID, clock, room, filesystems. Changes nothing. */
import { existsSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Settings } from '../../core/config/settings.js';
import type { MachineFacts, RoomFacts } from '../../core/doctor/facts.js';
import { Fault } from '../../core/fault.js';
import { networkFilesystem } from '../../disk/filesystem-kind.js';
import { PROGRAM_FOLDERS } from '../../disk/program-folders.js';
import { loadEngine } from '../../wasm/module.js';
import { inspectEngine } from '../engine/inspect-engine.js';

export interface MachinePlaces {
  readonly machineId: string;
  /** Where services say that they run. */
  readonly run: string;
  /** Where programs are looked for, joined by `:`. */
  readonly programs: string;
  /** Null: that of the package. */
  readonly engine: string | null;
}

export const THIS_MACHINE: MachinePlaces = {
  machineId: '/etc/machine-id',
  run: '/run',
  programs: PROGRAM_FOLDERS,
  engine: null,
};

/** Names below `/run`, and what they tell of. */
const CLOCK_SETTERS: readonly (readonly [name: string, setter: string])[] = [
  ['systemd/timesync/synchronized', 'systemd-timesyncd'],
  ['chrony/chronyd.pid', 'chrony'],
  ['chronyd.pid', 'chrony'],
  ['ntpd.pid', 'ntpd'],
];

export function lookAtMachine(places: MachinePlaces, nowMs: number): MachineFacts {
  const program = places.programs
    .split(':')
    .map(folder => join(folder, 'flock'))
    .find(path => existsSync(path));
  return {
    node: process.version,
    lockProgram: program ?? null,
    hasMachineId: existsSync(places.machineId),
    nowMs,
    clockSetBy: CLOCK_SETTERS.find(([name]) => existsSync(join(places.run, name)))?.[1] ?? null,
    engine: lookAtEngine(() => packageEngine(places)),
  };
}

function packageEngine({ engine }: MachinePlaces): MachineFacts['engine'] {
  return { sha256: (engine === null ? loadEngine() : loadEngine(engine)).sha256, signedBy: [] };
}

/** The one that the settings name, as a start would take it; not run. */
export function lookAtOwnEngine(settings: Settings): MachineFacts['engine'] {
  return lookAtEngine(() => {
    const { sha256, standing } = inspectEngine(settings);
    return { sha256, signedBy: standing.from === 'signed' ? standing.keyIds : [] };
  });
}

function lookAtEngine(look: () => MachineFacts['engine']): MachineFacts['engine'] {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { problem: { message: error.message, hint: error.hint } };
  }
}

/** The room of each filesystem that one of the folders is on. */
export function lookAtRoom(folders: readonly string[]): readonly RoomFacts[] {
  const rooms = new Map<string, RoomFacts>();
  for (const folder of folders) {
    const path = nearest(folder);
    try {
      const { type, bsize, blocks, bavail, files, ffree } = statfsSync(path);
      const freeFiles = files === 0 ? null : ffree;
      const same = [type, blocks, bavail, files].join(' ');
      if (!rooms.has(same)) rooms.set(same, { path, freeBytes: bavail * bsize, freeFiles });
    } catch {
      // Said of the folder itself, where it cannot be looked at.
    }
  }
  return [...rooms.values()];
}

export function lookAtNetwork(paths: readonly string[]): readonly { readonly path: string; readonly kind: string }[] {
  return [...new Set(paths.map(nearest))].flatMap(path => {
    const kind = networkFilesystem(path);
    return kind === null ? [] : [{ path, kind }];
  });
}

/** The folder that exists, at or above. */
function nearest(path: string): string {
  let at = path;
  while (!existsSync(at) && at !== dirname(at)) at = dirname(at);
  return at;
}
