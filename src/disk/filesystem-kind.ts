import { statfsSync } from 'node:fs';

/** `f_type` of filesystems whose changes on another machine raise no event here (linux/magic.h and their sources). */
const REMOTE: ReadonlyMap<number, string> = new Map([
  [0x6969, 'nfs'],
  [0x517b, 'smb'],
  [0xfe534d42, 'smb2'],
  [0xff534d42, 'cifs'],
  [0x65735546, 'fuse'],
  [0x01021997, '9p'],
  [0x00c36400, 'ceph'],
  [0x5346414f, 'afs'],
  [0x0bd00bd0, 'lustre'],
  [0x47504653, 'gpfs'],
  [0x7461636f, 'ocfs2'],
  [0x01161970, 'gfs2'],
  [0x73757245, 'coda'],
]);

/** The name of the network filesystem that holds `path`, null when it is a local one or cannot be told. */
export function networkFilesystem(path: string): string | null {
  try {
    // Some are negative as a signed 32-bit number.
    return REMOTE.get(statfsSync(path).type >>> 0) ?? null;
  } catch {
    return null;
  }
}
