/**
 * Settings from all their sources: options > environment > file > default.
 *
 *   in   : what the caller, the environment and the file say, and where the process stands
 *   out  : total, frozen settings; or every issue there is
 *   never: reads anything
 *
 * A locked setting (keys.ts) only tightens: what the file forbids, nobody above it may allow.
 */
import type { AgentId } from '../brand.js';
import { BODY_INSPECT_DEFAULT_BYTES } from '../limits.js';
import { nearest } from '../policy/suggest.js';
import { type Decoded, decodeOption, decodeText, decodeWritten, type SettingValue } from './decode.js';
import { OTHER_VARIABLES, SETTING_KEYS, type SettingKey } from './keys.js';
import { loopbackAddress } from './loopback.js';
import { absolutePath, folderOf } from './paths.js';
import { type At, readSettingsFile } from './read-file.js';
import type {
  DaemonAgentSettings,
  Durability,
  EgressSettings,
  Face,
  LogLevel,
  OnLoss,
  ResumeRequires,
  Settings,
  SettingsIssue,
  Signatures,
  WayRule,
} from './settings.js';

export interface SettingsSources {
  readonly face: Face;
  /** By the option names of keys.ts; `undefined` counts as absent. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Null: there is none. `path` is absolute. */
  readonly file: { readonly path: string; readonly text: string } | null;
  /** See {@link configDirOf}. */
  readonly configDir: string;
  readonly home: string;
  readonly cwd: string;
}

/** Where a value was said. */
export interface Origin {
  readonly from: 'file' | 'environment' | 'option';
  /** `path:line:column`, `$VARIABLE`, or `option name`. */
  readonly place: string;
  /** The file says it, and nobody above it may say another. */
  readonly locked: boolean;
}

/** By the names of keys.ts; what is not there has its default. */
export type Origins = ReadonlyMap<string, Origin>;

export type ResolvedSettings =
  | { readonly ok: true; readonly settings: Settings; readonly origins: Origins }
  | { readonly ok: false; readonly issues: readonly SettingsIssue[] };

/** Where everything without a path of its own lives, unless the daemon's file says where (then its folder). */
export function configDirOf(env: SettingsSources['env'], home: string, cwd: string): string {
  const given = env.CHECKRD_CONFIG_DIR;
  return absolutePath(given === undefined || given === '' ? '~/.checkrd' : given, cwd, home);
}

/** Unix socket paths end at 108 bytes, a NUL among them (unix(7)). */
const SOCKET_PATH_MAX = 107;

export function resolveSettings(from: SettingsSources): ResolvedSettings {
  const read = from.file === null ? { given: new Map(), issues: [] } : readSettingsFile(from.file.path, from.file.text);
  if (read.issues.length > 0) return { ok: false, issues: read.issues };
  const issues: SettingsIssue[] = [...strangers(from)];
  const values = new Map<string, SettingValue>();
  const origins = new Map<string, Origin>();

  for (const key of SETTING_KEYS) {
    const tell = (place: string, bad: Exclude<Decoded, { ok: true }>, at: At<unknown> | null) =>
      issues.push({
        code: bad.code,
        place,
        line: at?.line ?? null,
        column: at?.column ?? null,
        message: bad.message,
        suggestion: bad.suggestion,
      });
    /** Every source is checked, though only the highest counts: a mistake below must not hide until it matters. */
    let locked = false;
    const take = (place: string, decoded: Decoded, at: At<unknown> | null, base: string): boolean => {
      if (!decoded.ok) {
        const where = decoded.at ?? at;
        tell(where === null ? place : `${from.file?.path}:${where.line}:${where.column}`, decoded, where);
        return false;
      }
      if (locked && decoded.value !== values.get(key.name)) {
        const message = `\`${key.name}: ${String(values.get(key.name))}\` in ${from.file?.path} cannot be changed here`;
        tell(place, { ok: false, code: 'locked', message, suggestion: 'remove it here, or change the file' }, null);
        return false;
      }
      values.set(key.name, rooted(key, decoded.value, base, from.home));
      // What only repeats a locked value is not where it comes from.
      return !locked;
    };

    const written = read.given.get(key.name);
    if (written !== undefined && from.file !== null) {
      const { path } = from.file;
      const taken = take('', decodeWritten(key.name, key.kind, written.value), written, folderOf(path));
      locked = key.lock === 'said' || (key.lock !== null && values.get(key.name) === key.lock);
      const place = `${path}:${written.line}:${written.column}`;
      if (taken) origins.set(key.name, { from: 'file', place, locked });
    }
    const variable = from.env[key.env];
    if (variable !== undefined && variable !== '') {
      const place = `$${key.env}`;
      if (take(place, decodeText(key.name, key.kind, variable), null, from.cwd)) {
        origins.set(key.name, { from: 'environment', place, locked: false });
      }
    }
    const option = key.option === null ? undefined : from.options[key.option];
    if (key.option !== null && option !== undefined) {
      const place = `option ${key.option}`;
      if (take(place, decodeOption(key.option, key.kind, option), null, from.cwd)) {
        origins.set(key.name, { from: 'option', place, locked: false });
      }
    }
  }
  if (issues.length > 0) return { ok: false, issues };

  const settings = assemble(from, values);
  const late = wholeChecks(settings);
  return late.length > 0 ? { ok: false, issues: late } : { ok: true, settings, origins };
}

/** Names nobody knows: options, and variables that are nearly one of ours (others with our prefix may be a platform's). */
function* strangers(from: SettingsSources): Iterable<SettingsIssue> {
  const nowhere = { code: 'unknown_key', line: null, column: null } as const;
  const options = SETTING_KEYS.flatMap(k => (k.option === null ? [] : [k.option]));
  for (const name of Object.keys(from.options)) {
    if (options.includes(name)) continue;
    const meant = nearest(name, options);
    const suggestion = meant === null ? 'docs/settings.md lists them' : `did you mean \`${meant}\`?`;
    yield { ...nowhere, place: `option ${name}`, message: `\`${name}\` is no option`, suggestion };
  }
  const variables = [...SETTING_KEYS.map(k => k.env), ...OTHER_VARIABLES];
  for (const name of Object.keys(from.env)) {
    if (!name.startsWith('CHECK') || variables.includes(name)) continue;
    const meant = nearest(name, variables);
    if (meant === null) continue;
    yield {
      ...nowhere,
      place: `$${name}`,
      message: `\`${name}\` is no setting`,
      suggestion: `did you mean \`${meant}\`?`,
    };
  }
}

function rooted(key: SettingKey, value: SettingValue, base: string, home: string): SettingValue {
  const isPath = key.kind.is === 'path' || key.kind.is === 'path_or_false';
  return isPath && typeof value === 'string' ? absolutePath(value, base, home) : value;
}

function assemble(from: SettingsSources, values: ReadonlyMap<string, SettingValue>): Settings {
  const dir = from.configDir;
  /** decode.ts gave every value its setting's type; the fallback's type is that type. */
  const get = <T extends SettingValue | null>(name: string, fallback: T): T =>
    (values.get(name) as T | undefined) ?? fallback;
  const agentId = from.face === 'daemon' ? null : get<AgentId | null>('agent_id', null);
  const killswitch = values.get('killswitch') ?? `${dir}/killswitch`;
  return Object.freeze<Settings>({
    face: from.face,
    configDir: dir,
    agentId,
    securityMode: get<'strict' | 'permissive'>('security_mode', 'strict'),
    enforce: get<boolean>('enforce', true),
    policy: get<string>('policy', `${dir}/policy.yaml`),
    policyWatch: get<boolean>('policy_watch', true),
    killswitch: typeof killswitch === 'string' ? killswitch : null,
    resumeRequires: get<ResumeRequires>('resume_requires', 'file'),
    audit: Object.freeze({
      path: get<string>('audit.path', `${dir}/audit/${agentId ?? 'daemon'}.jsonl`),
      urlPath: get<'endpoint' | 'raw'>('audit.url_path', 'endpoint'),
      durability: get<Durability>('audit.durability', 'write'),
      rotateBytes: get<number | null>('audit.rotate_bytes', null),
      rotateDaily: get<boolean>('audit.rotate_daily', false),
      retention: Object.freeze({
        keepFiles: get<number | null>('audit.keep_files', null),
        keepDays: get<number | null>('audit.keep_days', null),
        keepBytes: get<number | null>('audit.keep_bytes', null),
        hold: get<boolean>('audit.hold', false),
      }),
      signatures: get<Signatures>('audit.signatures', 'checkpoint'),
      headsFile: get<string | null>('audit.heads_file', null),
      headsJournal: get<boolean>('audit.heads_journal', false),
      headsEvery: get<number>('audit.heads_every', 60),
      reserveBytes: get<number>('audit.reserve_bytes', 0),
    }),
    stateDir: get<string>('state_dir', `${dir}/state`),
    keysDir: get<string>('keys_dir', `${dir}/keys`),
    inspectBytes: get<number>('inspect_bytes', BODY_INSPECT_DEFAULT_BYTES),
    engine: get<string | null>('engine', null),
    allowBreakGlass: get<boolean>('allow_break_glass', true),
    allowSkip: get<boolean>('allow_skip', true),
    allowDisable: get<boolean>('allow_disable', true),
    requireSignature: get<boolean>('require_signature', false),
    weakeningGuard: get<boolean>('weakening_guard', false),
    trustDir: get<string>('trust_dir', `${dir}/trust`),
    requireSeparation: get<boolean | null>('require_separation', null),
    operatorsGroup: get<string | null>('operators_group', null),
    daemon: Object.freeze({
      socket: get<string>('daemon.socket', `${dir}/checkrd.sock`),
      agents: Object.freeze(get<readonly DaemonAgentSettings[]>('daemon.agents', [])),
      drainTimeout: get<number>('daemon.drain_timeout', 10),
      metrics: loopbackAddress(get<string>('daemon.metrics', '')),
      records: get<string | null>('daemon.records', null),
      onLoss: get<OnLoss>('daemon.on_loss', 'deny'),
    }),
    egress: egressOf(get),
    telemetry: Object.freeze({ file: get<string | null>('telemetry.file', null) }),
    log: Object.freeze({ level: get<LogLevel>('log.level', 'info'), file: get<string | null>('log.file', null) }),
  });
}

function egressOf(get: <T extends SettingValue | null>(name: string, fallback: T) => T): EgressSettings {
  const coverage = get<EgressSettings['coverage']>('egress.coverage', 'report');
  const asked: WayRule = coverage === 'strict' ? 'policy' : 'report';
  return Object.freeze<EgressSettings>({
    coverage,
    datagrams: get<WayRule>('egress.datagrams', asked),
    names: get<WayRule>('egress.names', asked),
    native: get<WayRule>('egress.native', coverage === 'strict' ? 'deny' : 'report'),
    processes: get<WayRule>('egress.processes', asked),
  });
}

/** What only shows when everything is known. */
function wholeChecks(s: Settings): readonly SettingsIssue[] {
  const issues: SettingsIssue[] = [];
  const say = (code: 'missing' | 'bad_value', place: string, message: string, suggestion: string) =>
    issues.push({ code, place, line: null, column: null, message, suggestion });
  if (s.face === 'library' && s.agentId === null) {
    say(
      'missing',
      'agent_id',
      'no agent ID is given',
      'set `agentId`, $CHECKRD_AGENT_ID or `agent_id` in checkrd.yaml',
    );
  }
  if (s.audit.durability === 'async' && s.securityMode === 'strict') {
    const what = 'in strict mode a call waits for its record, and `async` waits for nothing';
    say('bad_value', 'audit.durability', what, 'use `write` or `fsync`, or `security_mode: permissive`');
  }
  if (s.face === 'library' && s.requireSeparation === true) {
    const what = 'the library runs as the agent itself, so nothing is separate';
    say('bad_value', 'require_separation', what, 'use the daemon, or set `require_separation: false`');
  }
  if (s.weakeningGuard && !s.requireSignature) {
    const what = 'nobody can vouch for a policy that lets more pass unless policies are signed';
    say('bad_value', 'weakening_guard', what, 'set `require_signature: true` as well, or leave the guard off');
  }
  const { socket, agents, records } = s.daemon;
  const sockets =
    s.face === 'daemon'
      ? [socket, ...agents.map(a => agentSocketPath(socket, a.id))]
      : s.face === 'library' && records !== null
        ? [records]
        : [];
  if (sockets.length > 0) {
    const utf8 = new TextEncoder();
    for (const path of sockets) {
      if (utf8.encode(path).length <= SOCKET_PATH_MAX) continue;
      say(
        'bad_value',
        s.face === 'daemon' ? 'daemon.socket' : 'daemon.records',
        `socket path \`${path}\` is over ${SOCKET_PATH_MAX} bytes`,
        'choose a shorter folder',
      );
    }
  }
  return issues;
}

/** The socket of one agent, beside the main one. */
export function agentSocketPath(mainSocket: string, id: AgentId): string {
  return `${folderOf(mainSocket)}/agent/${id}.sock`;
}
