/** The latch of the kill switch as the settings want it. */
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Settings } from '../core/config/settings.js';
import { Fault } from '../core/fault.js';
import { ed25519Verify } from '../crypto/ed25519.js';
import { trustedSigner } from '../crypto/trusted-signer.js';
import { groupId } from '../disk/group-id.js';
import { makeLatchFolders } from '../disk/latch-store.js';
import { readTrustFolder, type Trust } from '../disk/trust-folder.js';
import { KillLatch } from './kill-latch.js';
import type { Recorder } from './recorder.js';

/** Where the latch is kept, and where a release is put. */
export function latchPaths(stateDir: string): { readonly latch: string; readonly release: string } {
  return { latch: join(stateDir, 'kill.json'), release: join(dirname(stateDir), 'approvals', 'release.dsse') };
}

/** @param log Read at each engagement: a daemon's log has no name for us before its first answer. */
export function openKillLatch(
  settings: Settings,
  log: { readonly origin: string },
  recorder: Pick<Recorder, 'record'>,
): KillLatch {
  const { latch, release } = latchPaths(settings.stateDir);
  if (settings.resumeRequires === 'signed') makeLatchFolders([latch, release]);
  return new KillLatch({
    path: latch,
    releasePath: release,
    latches: settings.resumeRequires === 'signed',
    strict: settings.securityMode === 'strict',
    get log() {
      return log.origin;
    },
    trust: () => trustOf(settings),
    verify: ed25519Verify,
    random: randomBytes,
    note: fields => void recorder.record(fields),
  });
}

/** What an operator should mend before the first kill that nobody could end. */
export function unreleasable(settings: Settings): readonly string[] {
  if (settings.resumeRequires !== 'signed' || settings.killswitch === null) return [];
  const because = (why: string) => [`\`resume_requires: signed\`, and no release of a kill could be signed: ${why}`];
  try {
    const { signers, threshold } = trustOf(settings);
    if (signers.length >= threshold) return [];
    return because(`\`${settings.trustDir}\` holds ${signers.length} of the ${threshold} keys that must sign`);
  } catch (error) {
    return because(error instanceof Fault ? error.message : 'the trusted keys cannot be read');
  }
}

/** @throws Fault `trust_unusable`, `policy_writable_by_others` or `group_unknown` */
function trustOf({ trustDir, operatorsGroup }: Settings): Trust {
  const operatorsGid = operatorsGroup === null ? null : groupId(operatorsGroup);
  return readTrustFolder(trustDir, { operatorsGid }, trustedSigner);
}
