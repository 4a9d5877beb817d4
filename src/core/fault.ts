/**
 * The one table of failures outside the policy language (those are in policy/issues.ts).
 *
 * Each row: a sentence a tired operator understands, and the next step. Match on `code`, never on the message.
 * Messages never quote file contents or header and body values.
 */
import { ENGINE_FAULTS } from './engine-faults.js';
import { GUARD_FAULTS } from './guard-faults.js';
import { KEY_FILE_FAULTS } from './key-file-faults.js';
import { KILLSWITCH_FAULTS } from './killswitch-faults.js';
import { TRUST_FAULTS } from './trust-faults.js';

export interface FaultRow {
  readonly say: (facts: Readonly<Record<string, string | number>>) => string;
  readonly fix: string;
}

const FAULTS = {
  agent_id_invalid: {
    say: f => `\`${f.got}\` is not an agent ID`,
    fix: 'use 1 to 128 of A-Z a-z 0-9 . _ - and begin with a letter or a digit',
  },
  audit_unavailable: {
    say: f => `the audit log \`${f.path}\` cannot be written: ${f.cause}`,
    fix: 'mend what is named (space, permissions, the file at that path); the next record is tried again by itself',
  },
  bundle_unwritable: {
    say: f => `the support bundle \`${f.path}\` cannot be written: ${f.why}`,
    fix: 'name a new file in a folder that you may write (`--out FILE`)',
  },
  crypto_self_test: {
    say: f => `${f.name} gives a wrong Ed25519 answer for the known test of RFC 8032`,
    fix: 'do not run on this build of Node.js or checkrd; install both again',
  },
  daemon_unavailable: {
    say: f => `the daemon takes no records at \`${f.path}\`: ${f.why}`,
    fix: "see that it runs, that `daemon.records` names this agent's socket, and that this user may connect; it is tried again by itself",
  },
  disable_forbidden: {
    say: () => 'CHECKRD_DISABLED=1 is set, and the settings forbid it (`allow_disable: false`)',
    fix: 'unset CHECKRD_DISABLED, or let the owner of the settings allow it',
  },
  ...ENGINE_FAULTS,
  ...GUARD_FAULTS,
  ...TRUST_FAULTS,
  group_unknown: {
    say: f => `there is no group \`${f.group}\` on this machine`,
    fix: 'create the group, or name another in the settings',
  },
  heads_unwritable: {
    say: f => `a head of the audit log could not be said in \`${f.path}\`: ${f.why}`,
    fix: 'make the file, owned by another user, and let this one append to it; the next head is tried again',
  },
  input_unreadable: {
    say: f => `cannot read \`${f.path}\`: ${f.why}`,
    fix: 'check the path and its permissions; `-` reads from standard input',
  },
  internal: {
    say: f => `internal error: ${f.what}`,
    fix: 'this is a defect in checkrd; report it with this message',
  },
  ...KEY_FILE_FAULTS,
  ...KILLSWITCH_FAULTS,
  latch_unreadable: {
    say: f => `the latched kills in \`${f.path}\` cannot be read (${f.error})`,
    fix: 'run the command as root or as the user of the agent',
  },
  layers_unreadable: {
    say: f => `which layers there were cannot be read from \`${f.path}\`: ${f.why}`,
    fix: 'restore the file; or see that `policy.d` is complete, remove it, and the next load writes it anew',
  },
  limit_state_invalid: {
    say: f => `the saved counters of the limits cannot be used: ${f.why}`,
    fix: 'start without them; every limit then begins with an empty window',
  },
  limits_not_kept: {
    say: f => `the counters of the limits could not be kept in \`${f.path}\` (${f.error})`,
    fix: 'make the state folder writable for the daemon and see that its disk has room; until then a restart forgets what was counted since',
  },
  limits_unreadable: {
    say: f => `the counters of the limits in \`${f.path}\` cannot be used: ${f.why}`,
    fix: 'restore the file; or remove it, and every limit begins with an empty window: what was counted may be called again',
  },
  log_dir_missing: {
    say: f => `the folder of the audit log \`${f.path}\` does not exist (mkdir -p -m 0750 '${f.path}' makes it)`,
    fix: 'make it, and let it belong to the user that runs checkrd',
  },
  log_dir_unwritable: {
    say: f => `the folder of the audit log \`${f.path}\` cannot be written: ${f.cause}`,
    fix: 'let the user that runs checkrd write there, or choose another path for the log',
  },
  log_file_failed: {
    say: f => `the operational log \`${f.path}\` cannot be written: ${f.why}`,
    fix: 'make its folder writable for the user of the daemon, or remove `log.file` to use stderr',
  },
  log_on_network: {
    say: f =>
      `\`${f.path}\` is on a network filesystem (${f.kind}): this process writes a log of its own, \`${f.own}\``,
    fix: 'put the log on a local disk, and let a shipper carry it away: another machine may write the same name there',
  },
  log_unreadable: {
    say: f => `the audit log \`${f.path}\` cannot be read: ${f.why}`,
    fix: 'check the path and its permissions',
  },
  log_unusable: {
    say: f => `\`${f.path}\` cannot serve as an audit log: ${f.cause}`,
    fix: 'it must be a regular file that this user may read and write; move what is there away',
  },
  metrics_listen_failed: {
    say: f => `metrics cannot be served on ${f.host} port ${f.port}: ${f.why}`,
    fix: 'choose a free port (`daemon.metrics`), or remove it: the socket serves them as well',
  },
  no_proof: {
    say: f => `nothing can be proven: ${f.why}`,
    fix: 'run `checkrd verify` with the key and all files of the log; it says what is wrong',
  },
  note_refused: {
    say: f => `the note \`${f.path}\` is no evidence of the end: ${f.why}`,
    fix: 'give the note as `checkrd witness` printed it, and the key that `checkrd witness --vkey` prints',
  },
  open_telemetry_missing: {
    say: () => 'an OpenTelemetrySink was made, and there is no `@opentelemetry/api` beside the program',
    fix: 'npm install @opentelemetry/api, or hand it over: new OpenTelemetrySink(api)',
  },
  output_unwritable: {
    say: f => `cannot write \`${f.path}\` (${f.why})`,
    fix: 'name a file that does not exist yet, in a folder that you can write; nothing is written over',
  },
  policy_build_failed: {
    say: f => `the policy \`${f.path}\` could not be built (${f.error})`,
    fix: 'the old policy stays in force; report this with the policy if it happens again',
  },
  not_separate: {
    say: f => `\`${f.path}\` has mode ${f.mode}: ${f.who} may write it, agents among them`,
    fix: 'take the right to write away (chmod g-w,o-w), or set `require_separation: false`',
  },
  policy_changed_while_read: {
    say: f => `the policy file \`${f.path}\` changed while it was read`,
    fix: 'write the new policy beside the old one and rename it into place',
  },
  policy_layer_gone: {
    say: f => `the layer \`${f.path}\` was in force once and is not there any more`,
    fix: 'put the file back, or, if it is to go for good, run `checkrd layer drop NAME` as the owner of the state folder',
  },
  policy_layer_name: {
    say: f => `\`${f.path}\` does not belong in a folder of layers: ${f.why}`,
    fix: 'rename it to `NAME.yaml` or take it away; names that begin with a dot or end with `~` are left alone',
  },
  policy_layers_too_many: {
    say: f => `\`${f.path}\` holds ${f.got} layers; at most ${f.limit} are read`,
    fix: 'join layers of the same owner into one file',
  },
  policy_missing: {
    say: f => `there is no policy file at \`${f.path}\``,
    fix: 'put the policy there; `checkrd init` writes one to begin with',
  },
  policy_not_archived: {
    say: f => `the policy could not be kept under \`${f.path}\` (${f.error})`,
    fix: 'make the state folder writable for the agent and see that its disk has room',
  },
  policy_not_regular: {
    say: f => `the policy \`${f.path}\` is ${f.got}, not a regular file`,
    fix: 'put a regular file there, or a symbolic link to one',
  },
  policy_not_rewritten: {
    say: f => `the policy \`${f.path}\` was left as it is: ${f.why}`,
    fix: 'run the command as the user that owns the file, when nobody else writes it',
  },
  policy_object_invalid: {
    say: f => `the policy given as an object does not load:\n${f.problems}`,
    fix: 'mend what is named; `checkrd check` explains each code',
  },
  policy_object_unsigned: {
    say: () => 'the policy was given as an object, and `require_signature` is set',
    fix: 'give a signed file; an object cannot be signed',
  },
  policy_too_large: {
    say: f => `the policy \`${f.path}\` has ${f.got} bytes; at most ${f.limit} are read`,
    fix: 'split the policy, or write it as JSON, which may be larger',
  },
  policy_unreadable: {
    say: f => `the policy \`${f.path}\` cannot be read (${f.error})`,
    fix: 'let the user of the agent read the file and enter its folders',
  },
  policy_weakened: {
    say: f => `\`${f.path}\` may let more pass than the policy in force: ${f.why}`,
    fix: '`checkrd check --against` shows every change; sign it with --allow-weakening if it is meant',
  },
  policy_writable_by_others: {
    say: f =>
      `\`${f.path}\` has mode ${f.mode} and owner ${f.owner}: ${f.who} could change the policy; run \`${f.mend}\``,
    fix: 'run `checkrd status`, and the command that it names: it takes the right to write away from everyone but the owner',
  },
  public_key_invalid: {
    say: f => `\`${f.path}\` holds no usable Ed25519 public key`,
    fix: 'give the text of a .pub file, or its path: one line, base64 of 32 bytes',
  },
  qr_too_large: {
    say: f => `${f.sizeBytes} bytes do not fit a QR code, which holds 2,953`,
    fix: 'carry it as text, in a file',
  },
  release_unwritable: {
    say: f => `the release \`${f.path}\` could not be written (${f.error})`,
    fix: 'run the command as a user who may write there, or name another file with --out and copy it',
  },
  reserve_in_use: {
    say: f =>
      `the disk of the audit log is full; the reserve of ${f.bytes} bytes (\`${f.path}\`) keeps the log going for now`,
    fix: 'make room on that disk before the reserve is used up; then calls are denied',
  },
  reserve_missing: {
    say: f => `the reserve \`${f.path}\` cannot be made: ${f.why}`,
    fix: 'make room for it beside the log, or set `audit.reserve_bytes` lower; it is tried again by itself',
  },
  retention_failed: {
    say: f => `old files of the audit log \`${f.path}\` cannot be removed: ${f.why}`,
    fix: 'let the user that runs checkrd delete in that folder; it is tried again every minute',
  },
  settings_invalid: {
    say: f => `the settings are not right\n${f.problems}`,
    fix: 'mend each place named and start again; docs/settings.md lists every setting',
  },
  settings_unreadable: {
    say: f => `cannot read the settings \`${f.path}\`: ${f.why}`,
    fix: 'name a readable file, or write one with `checkrd init`',
  },
  settings_writable_by_others: {
    say: f =>
      `\`${f.path}\` has mode ${f.mode} and owner ${f.owner}: ${f.who} could change the settings; run \`${f.mend}\``,
    fix: 'see first that the settings are still yours, then take the right to write away as the message says',
  },
  sink_unwritable: {
    say: f => `the file of the sink \`${f.path}\` cannot be written: ${f.why}`,
    fix: 'give a path to a file of its own, in a folder that exists; the audit log is not concerned',
  },
  socket_failed: {
    say: f => `cannot listen on \`${f.path}\`: ${f.why}`,
    fix: 'check that the folder exists and belongs to the user of the daemon',
  },
  socket_in_use: {
    say: f => `another process listens on \`${f.path}\``,
    fix: 'stop the daemon that runs, or give this one a socket of its own (`daemon.socket`)',
  },
  socket_path_taken: {
    say: f => `\`${f.path}\` exists and is no socket`,
    fix: 'move it away, or name another path (`daemon.socket`)',
  },
  starter_unwritable: {
    say: f => `cannot write \`${f.path}\` (${f.why})`,
    fix: 'make its folder writable, or name another with $CHECKRD_CONFIG_DIR',
  },
  version_on_disk_differs: {
    say: f => `the files of checkrd were replaced: they are of version ${f.found}, and what runs is ${f.runs}`,
    fix: 'restart the service (`systemctl restart checkrd`), or the program that uses the library; what is in force stays so until then',
  },
  witness_state_busy: {
    say: f => `another witness is using \`${f.path}\``,
    fix: 'wait until it has ended, and try again',
  },
  witness_state_invalid: {
    say: f => `\`${f.path}\` is not what a witness wrote: ${f.why}`,
    fix: 'restore it from a copy; a witness that has forgotten what it signed must not sign, so take a new key if there is none',
  },
  witness_state_unwritable: {
    say: f => `the witness cannot remember what it signs in \`${f.path}\` (${f.error})`,
    fix: 'make its folder writable, or name another file with --state; nothing was signed',
  },
} as const satisfies Record<string, FaultRow>;

export type FaultCode = keyof typeof FAULTS;

/** A failure somebody can act on. `code` is stable; `message` and `hint` are for people. */
export class Fault extends Error {
  override readonly name = 'Fault';
  constructor(
    readonly code: FaultCode,
    readonly facts: Readonly<Record<string, string | number>> = {},
    options?: { cause?: unknown },
  ) {
    super((FAULTS[code] as FaultRow).say(facts), options);
  }
  /** The next step, as a sentence without a full stop. */
  get hint(): string {
    return FAULTS[this.code].fix;
  }
}

/** Null: it is no code of this table. */
export function nextStep(code: string): string | null {
  return Object.hasOwn(FAULTS, code) ? FAULTS[code as FaultCode].fix : null;
}

/** Every code with its next step, for the documentation and its test. */
export function faultTable(): readonly { readonly code: FaultCode; readonly fix: string }[] {
  return (Object.keys(FAULTS) as FaultCode[]).sort().map(code => ({ code, fix: FAULTS[code].fix }));
}
