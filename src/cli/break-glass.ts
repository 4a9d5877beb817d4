import { chownSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { breakGlassFile, glassSource } from '../agent/open-break-glass.js';
import { readGlassFile } from '../agent/read-break-glass.js';
import { operatorSettingsFile, readSettings } from '../agent/read-settings.js';
import { keyId } from '../core/audit/key-id.js';
import { utf8 } from '../core/bytes.js';
import { isAgentGlob } from '../core/config/kill-file.js';
import type { Settings } from '../core/config/settings.js';
import { Fault } from '../core/fault.js';
import { BREAK_GLASS_MAX_MS, ENVELOPE_MAX_BYTES, KILLSWITCH_REASON_MAX_CHARS } from '../core/limits.js';
import {
  BREAK_GLASS_TYPE,
  type BreakGlass,
  breakGlassPayload,
  isBreakGlassReason,
  isSound,
  readBreakGlass,
} from '../core/trust/break-glass.js';
import { type KeyInHand, withSignature } from '../core/trust/co-sign.js';
import { type Envelope, readEnvelope } from '../core/trust/dsse.js';
import { readKeyFile } from '../crypto/read-keys.js';
import { sha256 } from '../crypto/sha256.js';
import { replaceFile, syncFolder } from '../disk/durable.js';
import { errorCode } from '../disk/error-code.js';
import { readWhole } from '../disk/read-whole.js';
import { type Args, Misuse } from './args.js';
import { CONFIG, FILE, TEXT } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';

export const breakGlass: Command = {
  name: 'break-glass',
  summary: 'let denied calls through for a while, signed and on record',
  synopsis: [
    '--for 15m --reason TEXT --key FILE [--agents GLOB,…] [--out FILE] [--config FILE] [--json]',
    '--add --key FILE [--out FILE] [--config FILE] [--json]',
    '--end [--config FILE] [--json]',
  ],
  about: `
For that long, an hour at most, a call that a rule or the default denies goes on, recorded with \`break_glass\`. The kill
switch, limits and the log bind as ever. It is over by itself. Only what keys in the trust folder signed counts.`,
  flags: {
    for: { takes: { called: 'TIME', is: 'text' }, means: '30s, 15m or 1h, from now' },
    reason: { takes: TEXT, means: 'why, for the record' },
    agents: {
      takes: { called: 'GLOB', is: 'text' },
      means: 'only agents whose ID a pattern names; without it all',
      repeats: true,
    },
    key: { takes: FILE, means: 'the secret key that signs; its public half is in the trust folder' },
    add: { means: 'adds a signature to the one that is there, where several must sign, and prints what is signed' },
    out: {
      takes: FILE,
      means: 'writes it there, on a machine where the key is; `approvals/break-glass.dsse` is where it counts',
    },
    end: { means: 'ends it now. It cannot be begun again; another one can' },
    config: CONFIG,
  },
  exit: {
    ok: 'it counts, has ended, or was written to --out',
    no: 'more keys must sign, or there was none to end',
    unknown: 'it would not count or cannot be written',
  },
  async run(given, io) {
    if (given.on('end')) return end(given, io);
    const key = given.text('key');
    if (key === null)
      throw new Misuse('--key is missing', 'checkrd keygen makes one; its .pub goes to the trust folder');
    const wanted = given.on('add') ? null : wantedOf(given);
    if (wanted === null) refuseFlags(given, ['for', 'reason', 'agents'], '--add signs what is there as it stands');
    const out = given.text('out');
    const settings = out === null ? readSettings('operator', io, operatorSettingsFile(given.text('config'), io)) : null;
    const path = settings === null ? resolve(io.cwd, out ?? '') : breakGlassFile(settings.stateDir);
    const { publicKey, sign } = readKeyFile(resolve(io.cwd, key));
    if (settings !== null) refuseUseless(settings, publicKey);
    const before = wanted === null ? standing(path) : anew(wanted);
    const text = withSignature(before.envelope, { keyId: keyId(sha256, publicKey), sign } satisfies KeyInHand);
    write(path, text, settings !== null);
    return say(given, io, path, before.glass, settings);
  },
};

const FOR = /^([1-9]\d{0,3})([smh])$/;
const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000 };

function wantedOf(given: Args): BreakGlass {
  const [, number, unit] = FOR.exec(given.text('for') ?? '') ?? [];
  const forMs = Number(number) * UNIT_MS[(unit ?? 's') as keyof typeof UNIT_MS];
  if (!(forMs > 0 && forMs <= BREAK_GLASS_MAX_MS)) throw new Misuse('--for takes 30s, 15m or 1h, an hour at most');
  const reason = given.text('reason') ?? '';
  if (!isBreakGlassReason(reason)) {
    throw new Misuse(`--reason takes a sentence of at most ${KILLSWITCH_REASON_MAX_CHARS} characters, for the log`);
  }
  const named = given.list('agents').flatMap(list => list.split(','));
  const odd = named.find(glob => !isAgentGlob(glob));
  if (odd !== undefined) throw new Misuse(`'${odd}' is no pattern of agent IDs`, 'A-Z a-z 0-9 . _ - and * for any run');
  const issuedMs = Date.now();
  const agents = named.length === 0 ? ['*'] : named;
  const glass = { agents, issuedMs, expiresMs: issuedMs + forMs, reason };
  if (!isSound(glass)) throw new Misuse('--agents names too many patterns');
  return glass;
}

function refuseFlags(given: Args, flags: readonly string[], hint: string): void {
  const odd = flags.find(flag => given.list(flag).length > 0 || given.text(flag) !== null);
  if (odd !== undefined) throw new Misuse(`--${odd} does not go with it`, hint);
}

/** What nobody would believe is not put there. @throws Fault `break_glass_refused`, those of the trust folder */
function refuseUseless(settings: Settings, publicKey: Uint8Array): void {
  if (!settings.allowBreakGlass) {
    throw new Fault('break_glass_refused', { why: 'the settings say `allow_break_glass: false`' });
  }
  const { signers } = glassSource(settings).trust();
  if (signers.some(signer => signer.publicKey.join() === publicKey.join())) return;
  const what = signers.length === 0 ? 'no key is trusted to sign' : 'this key is not one of those trusted to sign';
  throw new Fault('break_glass_refused', { why: `${what} (\`${settings.trustDir}\`)` });
}

interface Unsigned {
  readonly envelope: Envelope;
  readonly glass: BreakGlass;
}

function anew(glass: BreakGlass): Unsigned {
  return { envelope: { payloadType: BREAK_GLASS_TYPE, payload: breakGlassPayload(glass), signatures: [] }, glass };
}

/** @throws Fault `input_unreadable` */
function standing(path: string): Unsigned {
  const file = readWhole(path, ENVELOPE_MAX_BYTES);
  if (!file.ok) throw new Fault('input_unreadable', { path, why: file.error });
  const read = readEnvelope(file.bytes);
  const glass =
    read.ok && read.envelope.payloadType === BREAK_GLASS_TYPE ? readBreakGlass(read.envelope.payload) : null;
  if (!read.ok || glass === null) throw new Fault('input_unreadable', { path, why: 'it is not break glass' });
  return { envelope: read.envelope, glass };
}

function write(path: string, text: string, makesFolder: boolean): void {
  try {
    if (makesFolder) makeFolder(dirname(path));
    // Readable for the user of the agent, whoever writes it; the folder is 0700.
    replaceFile(path, utf8(text), 0o644);
  } catch (error) {
    throw new Fault('output_unwritable', { path, why: errorCode(error) }, { cause: error });
  }
}

/** What root makes for somebody belongs to them, as what stands around it. */
function makeFolder(folder: string): void {
  if (mkdirSync(folder, { recursive: true, mode: 0o700 }) === undefined || process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(folder));
  chownSync(folder, uid, gid);
}

function say(given: Args, io: CliIo, path: string, glass: BreakGlass, settings: Settings | null): number {
  const expires = new Date(glass.expiresMs).toISOString();
  const found = settings === null ? null : readGlassFile(glassSource(settings));
  if (found?.is === 'refused' && found.why !== 'threshold_not_met') {
    throw new Fault('break_glass_refused', { why: found.because });
  }
  const waits = found !== null && found.is !== 'good' ? (found.is === 'refused' ? found.because : 'it is gone') : null;
  const { agents, reason } = glass;
  if (given.on('json')) io.out(JSON.stringify({ ok: waits === null, file: path, agents, expires, reason, waits }));
  else {
    io.out(`${path}: denied calls of ${agents.join(', ')} go on until ${expires} (${reason})`);
    if (waits !== null) io.err(`hint: not yet: ${waits}; the next signs with \`checkrd break-glass --add --key FILE\``);
  }
  return waits === null ? EXIT.ok : EXIT.no;
}

function end(given: Args, io: CliIo): number {
  refuseFlags(given, ['for', 'reason', 'agents', 'key', 'out'], '--end takes no more');
  const path = breakGlassFile(readSettings('operator', io, operatorSettingsFile(given.text('config'), io)).stateDir);
  let was = true;
  try {
    rmSync(path);
    syncFolder(dirname(path));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') {
      throw new Fault('output_unwritable', { path, why: errorCode(error) }, { cause: error });
    }
    was = false;
  }
  if (given.on('json')) io.out(JSON.stringify({ ok: was, file: path, ended: was }));
  else io.out(`${path}: ${was ? 'ended; the policy binds again' : 'there was none'}`);
  return was ? EXIT.ok : EXIT.no;
}
