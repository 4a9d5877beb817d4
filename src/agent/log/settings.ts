import type { Durability, Signatures } from '../../core/config/settings.js';
import type { Fault } from '../../core/fault.js';
import type { Endorser } from './first-records.js';
import type { Heads } from './heads.js';
import type { Retention } from './retention.js';

/** When the log turns itself over. Neither: it is left to logrotate. */
export interface Rotation {
  /** Bytes, null: whatever the size. */
  readonly maxBytes: number | null;
  /** A file for each day (UTC) that has records. */
  readonly daily: boolean;
}

/** Everything the log is told, resolved. */
export interface AuditLogSettings {
  /** Absolute. */
  readonly path: string;
  /** Endorses a log that begins; null: nobody does. */
  readonly identity: Endorser | null;
  /** Name of the network filesystem that holds a path; null: a local one, or it cannot be told. */
  readonly networkFilesystem: (path: string) => string | null;
  /** `all`: make the log's folder with its parents (the library's own default); `last`: only the folder itself. */
  readonly makeFolder: 'all' | 'last';
  /** Holds `log.key` and `origin.pub`; made (0700) when missing. */
  readonly keysDir: string;
  /** The machine's name, for the origin. */
  readonly host: string;
  /** Holds the machine's ID, 32 hexadecimal digits; it may be missing. */
  readonly machineIdFile: string;
  /** An agent ID, or `daemon`. */
  readonly agent: string;
  /**
   * `write`: a record counts when the kernel has it (survives kill -9). `fsync`: when the disk has it (survives power loss;
   * see `AuditLog.onDisk`). `async`: when it is in memory.
   */
  readonly durability: Durability;
  /** Which records carry `sig`: checkpoints and `key_rotated`, or all. */
  readonly signatures: Signatures;
  /** Where heads are said beside the log. */
  readonly heads: Heads;
  readonly rotation: Rotation;
  readonly retention: Retention;
  /** Room kept for the log when its disk is full; 0: none, calls are denied. */
  readonly reserveBytes: number;
  /** The program that takes kernel locks: `flock`. */
  readonly lockProgram: string;
  readonly clock: { wallMs(): number };
  readonly random: (bytes: number) => Uint8Array;
  /** Told of every failure once, not with every record it costs. What it throws is ignored. */
  readonly onProblem: (fault: Fault) => void;
}
