/**
 * The log of the settings: one of our own, or the daemon's, with one of our own for when it is gone.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Settings } from '../core/config/settings.js';
import type { Fault } from '../core/fault.js';
import { HANDOVER_ANSWER_MS } from '../core/limits.js';
import type { LocalIdentity } from '../crypto/identity.js';
import { networkFilesystem } from '../disk/filesystem-kind.js';
import { SYSTEM_TIMERS } from '../disk/timers.js';
import { RecordsClient } from '../handover/records-client.js';
import { openAuditLog } from './audit-log.js';
import { HandedLog } from './handover/handed-log.js';
import { Outbox } from './handover/outbox.js';
import type { AuditLog } from './types.js';

export interface LogOwner {
  /** An agent ID, or `daemon`. */
  readonly name: string;
  readonly instanceId: string;
  /** Whose logs begin here; null: nobody says. */
  readonly identity: LocalIdentity | null;
  readonly onProblem: (fault: Fault) => void;
}

/** @throws Fault as openAuditLog does; never because of a daemon, which may come later */
export function openLog(settings: Settings, owner: LogOwner): AuditLog {
  const openLocal = (): AuditLog => openOwn(settings, owner);
  const { records, onLoss } = settings.daemon;
  if (settings.face !== 'library' || records === null) return openLocal();
  return new HandedLog({
    path: records,
    way: new RecordsClient(records, HANDOVER_ANSWER_MS),
    outbox: new Outbox(owner.instanceId),
    onLoss: settings.securityMode === 'permissive' ? 'local' : onLoss,
    openLocal,
    timers: SYSTEM_TIMERS,
    uid: process.getuid?.() ?? 0,
    onProblem: owner.onProblem,
  });
}

function openOwn(settings: Settings, { name, identity, onProblem }: LogOwner): AuditLog {
  const { audit } = settings;
  return openAuditLog({
    path: audit.path,
    identity,
    networkFilesystem,
    makeFolder: settings.face === 'library' ? 'all' : 'last',
    keysDir: settings.keysDir,
    host: hostname(),
    agent: name,
    durability: audit.durability,
    rotation: { maxBytes: audit.rotateBytes, daily: audit.rotateDaily },
    signatures: audit.signatures,
    heads: {
      file: audit.headsFile,
      say: audit.headsJournal ? sayHead : null,
      everyMs: audit.headsEvery * 1000,
    },
    retention: audit.retention,
    reserveBytes: audit.reserveBytes,
    machineIdFile: '/etc/machine-id',
    lockProgram: 'flock',
    clock: { wallMs: Date.now },
    random: randomBytes,
    onProblem,
  });
}

/** `<5>` is journald's priority `notice`; anywhere else it is read past. */
function sayHead(line: string): void {
  process.stderr.write(`<5>checkrd head ${line}\n`);
}
