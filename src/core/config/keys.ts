/**
 * The one table of settings: name in `checkrd.yaml`, environment variable, option of the library, what it takes.
 * The reader, the resolver, the documentation's test and `checkrd init` all follow it.
 */
import {
  AUDIT_FILE_MAX_BYTES,
  AUDIT_FILE_MIN_BYTES,
  AUDIT_RESERVE_MAX_BYTES,
  BODY_INSPECT_DEFAULT_BYTES,
  BODY_INSPECT_MAX_BYTES,
} from '../limits.js';
import { COVERAGES, DURABILITIES, LOG_LEVELS, ON_LOSS, RESUME_REQUIRES, SIGNATURES, WAY_RULES } from './settings.js';

export type SettingKind =
  | { readonly is: 'path' }
  /** A path, or false for none. */
  | { readonly is: 'path_or_false' }
  | { readonly is: 'boolean' }
  | { readonly is: 'integer'; readonly min: number; readonly max: number }
  | { readonly is: 'choice'; readonly of: readonly string[] }
  | { readonly is: 'agent_id' }
  | { readonly is: 'group' }
  | { readonly is: 'loopback' }
  | { readonly is: 'agents' };

export interface SettingKey {
  /** With a dot where it stands inside a mapping. */
  readonly name: string;
  readonly env: string;
  /** Name among the library's options; null where the library has none. */
  readonly option: string | null;
  readonly kind: SettingKind;
  /** Once the file says this value (`said`: any), neither the environment nor an option may say another. */
  readonly lock: boolean | 'said' | 'signed' | null;
  /** Default, in words. */
  readonly start: string;
  readonly means: string;
}

const PATH: SettingKind = { is: 'path' };
const BOOLEAN: SettingKind = { is: 'boolean' };

function row(
  name: string,
  option: string | null,
  kind: SettingKind,
  start: string,
  means: string,
  lock: SettingKey['lock'] = null,
): SettingKey {
  const env = `CHECKRD_${name.replace('.', '_').toUpperCase()}`;
  return { name, env, option, kind, lock, start, means };
}

const IN_DIR = (name: string) => `\`${name}\` in the configuration directory`;

export const SETTING_KEYS: readonly SettingKey[] = [
  row('agent_id', 'agentId', { is: 'agent_id' }, 'none; the library needs one', 'whose calls these are'),
  row(
    'security_mode',
    'securityMode',
    { is: 'choice', of: ['strict', 'permissive'] },
    '`strict`',
    '`permissive` lets calls pass where checkrd itself fails; a roll-out aid',
  ),
  row('enforce', 'enforce', BOOLEAN, '`true`', '`false` records what would be denied and lets it pass'),
  row('policy', 'policy', PATH, IN_DIR('policy.yaml'), 'the policy file'),
  row(
    'policy_watch',
    'policyWatch',
    BOOLEAN,
    '`true`',
    'whether a changed policy, or engine, goes live without a restart',
  ),
  row(
    'killswitch',
    'killswitchFile',
    { is: 'path_or_false' },
    IN_DIR('killswitch'),
    'while this file exists every call is denied; `false` for no switch',
  ),
  row(
    'resume_requires',
    null,
    { is: 'choice', of: RESUME_REQUIRES },
    '`file`',
    'what ends a kill: `file`, that its file is removed; `signed`, a release signed by trusted keys as well',
    'signed',
  ),
  row('audit.path', 'auditLog', PATH, '`audit/<agent id>.jsonl`, for the daemon `audit/daemon.jsonl`', 'the audit log'),
  row(
    'audit.url_path',
    null,
    { is: 'choice', of: ['endpoint', 'raw'] },
    '`endpoint`',
    'how URL paths are recorded; `endpoint` folds what looks like an ID, since tokens live in paths',
  ),
  row(
    'audit.durability',
    null,
    { is: 'choice', of: DURABILITIES },
    '`write`',
    'when a record counts: `write`, in the kernel; `fsync`, on disk; `async`, in memory (permissive only)',
  ),
  row(
    'audit.rotate_bytes',
    null,
    { is: 'integer', min: AUDIT_FILE_MIN_BYTES, max: AUDIT_FILE_MAX_BYTES },
    'none; left to logrotate',
    'the log begins its next file at this size; `audit.path` is then a link to the file being written',
  ),
  row('audit.rotate_daily', null, BOOLEAN, '`false`', 'the log begins a file for each day (UTC) that has records'),
  row(
    'audit.keep_files',
    null,
    { is: 'integer', min: 2, max: 1_000_000 },
    'none; all',
    'how many files of a log that turns itself over are kept, the current one among them',
  ),
  row(
    'audit.keep_days',
    null,
    { is: 'integer', min: 1, max: 36_500 },
    'none; for ever',
    'days after its last record that such a file is kept',
  ),
  row(
    'audit.keep_bytes',
    null,
    { is: 'integer', min: AUDIT_FILE_MIN_BYTES, max: AUDIT_FILE_MAX_BYTES },
    'none; any',
    'bytes that such files may take together',
  ),
  row(
    'audit.hold',
    null,
    BOOLEAN,
    '`false`',
    'legal hold: no file of the log is removed; a file `hold` beside the log does the same',
    true,
  ),
  row(
    'audit.reserve_bytes',
    null,
    { is: 'integer', min: 0, max: AUDIT_RESERVE_MAX_BYTES },
    '`0`',
    'room kept on the disk of the log, which keeps it going when that is full; `0` denies calls then',
  ),
  row(
    'audit.signatures',
    null,
    { is: 'choice', of: SIGNATURES },
    '`checkpoint`',
    'what is signed: `checkpoint`, all lines by the next checkpoint; `record`, each line at once as well',
  ),
  row('audit.heads_file', null, PATH, 'none', 'a file of another owner that heads of the log are appended to'),
  row('audit.heads_journal', null, BOOLEAN, '`false`', 'whether heads of the log are said on stderr, for the journal'),
  row('audit.heads_every', null, { is: 'integer', min: 1, max: 86_400 }, '`60`', 'seconds from one head to the next'),
  row('state_dir', 'stateDir', PATH, IN_DIR('state'), 'last good policies and counters'),
  row('keys_dir', 'keysDir', PATH, IN_DIR('keys'), 'the signing keys of the log'),
  row(
    'inspect_bytes',
    'inspectBytes',
    { is: 'integer', min: 1024, max: BODY_INSPECT_MAX_BYTES },
    `\`${BODY_INSPECT_DEFAULT_BYTES}\``,
    'bodies are read up to this many bytes; a longer one that a rule asks about is denied',
  ),
  row(
    'engine',
    null,
    PATH,
    'that of the package',
    'the file of the engine; one that this version was not built with must be signed ([engine.md](engine.md))',
    'said',
  ),
  row(
    'allow_break_glass',
    null,
    BOOLEAN,
    '`true`',
    'whether break glass that trusted keys signed lets denied calls through',
    false,
  ),
  row('allow_skip', null, BOOLEAN, '`true`', 'whether a `beforeRequest` hook may wave a call through', false),
  row('allow_disable', null, BOOLEAN, '`true`', 'whether `CHECKRD_DISABLED=1` is honoured', false),
  row(
    'require_separation',
    null,
    BOOLEAN,
    '`false`',
    "refuse to run where the agent's own user could write policy, switch, key or log; the library warns instead, unless this says `false`",
    true,
  ),
  row(
    'require_signature',
    null,
    BOOLEAN,
    '`false`',
    'a policy goes live only with the signatures that the trust folder asks for',
    true,
  ),
  row(
    'weakening_guard',
    null,
    BOOLEAN,
    '`false`',
    'a policy that lets more pass goes live only if its signers say so; needs `require_signature`',
    true,
  ),
  row('trust_dir', null, PATH, IN_DIR('trust'), 'the keys whose signatures count, and how many are needed', 'said'),
  row('operators_group', null, { is: 'group' }, 'none', 'the group that may write policy and switch'),
  row(
    'daemon.socket',
    null,
    PATH,
    IN_DIR('checkrd.sock'),
    "the main socket; agents' sockets stand in `agent/` beside it",
  ),
  row(
    'daemon.agents',
    null,
    { is: 'agents' },
    'none',
    'the agents that get a socket, each with the group that may use it',
  ),
  row(
    'daemon.drain_timeout',
    null,
    { is: 'integer', min: 0, max: 3600 },
    '`10`',
    'seconds that a stop waits for calls in flight',
  ),
  row(
    'daemon.metrics',
    null,
    { is: 'loopback' },
    'none; only the sockets',
    'where metrics are served over TCP as well, and nothing else ([metrics.md](metrics.md))',
  ),
  row(
    'daemon.records',
    'daemonRecords',
    PATH,
    'none; the library writes its own log',
    "the agent's socket of a daemon that the library hands its records to",
    'said',
  ),
  row(
    'daemon.on_loss',
    'daemonOnLoss',
    { is: 'choice', of: ON_LOSS },
    '`deny`',
    'what the library does while that daemon takes no records: `deny` calls, or go on with a `local` log (always so where permissive)',
    'said',
  ),
  row(
    'egress.coverage',
    null,
    { is: 'choice', of: COVERAGES },
    '`report`',
    '`checkrd/register`: what is not decided passes and is reported, or (`strict`) is denied',
    'said',
  ),
  ...(
    [
      ['datagrams', '`policy` where coverage is strict, else `report`', 'UDP: `report`, `policy` (as a tool), `deny`'],
      ['names', '`policy` where coverage is strict, else `report`', 'lookups of names by the program itself; the same'],
      ['native', '`deny` where coverage is strict, else `report`', 'add-ons, bindings, inspector; the same'],
      ['processes', '`policy` where coverage is strict, else `report`', 'child processes; the same'],
    ] as const
  ).map(([name, start, means]) =>
    row(`egress.${name}`, null, { is: 'choice', of: WAY_RULES }, start, `\`checkrd/register\`, ${means}`, 'said'),
  ),
  row(
    'telemetry.file',
    null,
    PATH,
    'none',
    'a file to which the daemon appends an event for each call: a copy for dashboards, not the log',
  ),
  row('log.level', null, { is: 'choice', of: LOG_LEVELS }, '`info`', 'how much the operational log says'),
  row('log.file', null, PATH, 'stderr', 'a file for the operational log, turned over daily'),
];

/** Variables that are no settings but belong to checkrd. */
export const OTHER_VARIABLES: readonly string[] = ['CHECKRD_AGENT_KEY', 'CHECKRD_CONFIG_DIR', 'CHECKRD_DISABLED'];

/** What a setting takes, as words that end "must be …". */
export function wanted(kind: SettingKind): string {
  switch (kind.is) {
    case 'path':
      return 'a path';
    case 'path_or_false':
      return 'a path, or false';
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `a whole number from ${kind.min} to ${kind.max}`;
    case 'choice':
      return `one of ${kind.of.join(', ')}`;
    case 'agent_id':
      return 'an agent ID (1 to 128 of A-Z a-z 0-9 . _ -, beginning with a letter or a digit)';
    case 'group':
      return 'the name or number of a group';
    case 'loopback':
      return 'an address of this machine alone with a port, as 127.0.0.1:9464 or [::1]:9464';
    case 'agents':
      return 'a list of { id, group? }';
  }
}
