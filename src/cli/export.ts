import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { operatorSettingsFile, readSettings } from '../agent/read-settings.js';
import { boundedText } from '../core/audit/text.js';
import { agentId } from '../core/brand.js';
import { type Asked, evidenceTar, type ProvenRecord } from '../core/evidence/bundle.js';
import { checkBundle } from '../core/evidence/check-bundle.js';
import type { FoundCheckpoint, Harvested } from '../core/evidence/harvest.js';
import { rotationsTo } from '../core/evidence/key-path.js';
import { namedPolicy } from '../core/evidence/named-policy.js';
import { Selection } from '../core/evidence/selection.js';
import { Fault } from '../core/fault.js';
import { MIB, POLICY_JSON_MAX_BYTES } from '../core/limits.js';
import { readManifest } from '../core/policy/layers.js';
import { rfc3339Ms } from '../core/time/rfc3339.js';
import { ed25519Verify } from '../crypto/ed25519.js';
import { sha256, sha256Digest } from '../crypto/sha256.js';
import { errorCode } from '../disk/error-code.js';
import { readWhole } from '../disk/read-whole.js';
import { type Args, Misuse } from './args.js';
import { checkEvidence } from './export-check.js';
import { ANY, CONFIG, COUNT, DIR, FILE, ID, LOG_KEY, TIME } from './flags.js';
import { type HarvestedLog, harvestLog } from './harvest-log.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { FROM } from './restore-from.js';

/** Lines of the records in one file; a period can be split. */
const LINES_MAX_BYTES = 64 * MIB;

export const exportEvidence: Command = {
  name: 'export',
  summary: 'one file of evidence for a request, an agent or a period',
  synopsis: [
    '[--request ID] [--agent ID] [--since TIME] [--until TIME] --out FILE [--size N] [--policies DIR] [--config FILE] [--key KEY]... [--from SHIPPER] [--unverified] [--json] LOG...',
    '--check FILE [--key KEY]... [--json]',
  ],
  about: `
Verifies the files of one log and writes a tar archive (ustar, the same bytes for the same records) that anybody can check
without checkrd: the records, their inclusion proofs, the checkpoints that cover them, the bytes of the policies they name,
the key, and instructions for python3 and openssl. What is given narrows it down; all of it together must fit a record.`,
  operands: { min: 0, max: ANY, what: 'at least one file of the log', takes: FILE },
  flags: {
    request: { takes: ID, means: 'the records of this request, its redirects among them' },
    agent: { takes: ID, means: 'the records of this agent' },
    since: { takes: TIME, means: 'only records from this time on (RFC 3339)' },
    until: { takes: TIME, means: 'only records before this time (RFC 3339)' },
    out: { takes: FILE, means: 'must not exist yet' },
    size: { takes: COUNT, means: 'proofs under the checkpoint of this size' },
    policies: {
      takes: DIR,
      means: 'where policies are kept by their hash; default: policies/ in the state folder of the settings',
    },
    config: CONFIG,
    check: { takes: FILE, means: 'checks FILE from its own bytes and the key' },
    key: LOG_KEY,
    from: FROM,
    unverified: {
      means: 'go on though the log is not what was written; each proof is checked before it is written all the same',
    },
  },
  exit: {
    ok: 'written, or FILE holds',
    no: 'no record fits, or FILE does not hold',
    unknown: 'not written, or written without a policy that a record names, or it cannot be said',
  },
  async run(given, io) {
    const json = given.on('json');
    const file = given.text('check');
    if (file !== null) return checkEvidence(file, given.list('key'), json, io);
    const out = given.text('out');
    if (out === null) throw new Misuse('--out names the file to write');
    if (given.words.length === 0) throw new Misuse('expected at least one file of the log, got nothing');
    const asked = askedOf(given);
    const found: Harvested[] = [];
    const selection = new Selection(asked);
    let sizeBytes = 0;
    const log = await harvestLog(given, io, null, harvested => {
      if (!selection.takes(harvested.record)) return false;
      sizeBytes += harvested.line.length;
      if (sizeBytes > LINES_MAX_BYTES) {
        throw new Fault('no_proof', { why: 'these are more records than one file should hold; narrow the period' });
      }
      found.push(harvested);
      return true;
    });
    if (found.length === 0) {
      if (json) io.out(JSON.stringify({ ok: false, records: 0 }));
      else io.err('error: no record fits');
      return EXIT.no;
    }
    const policies = policiesOf(found, policyFolder(given, io));
    const archive = bundle(log, asked, found, policies);
    const path = resolve(io.cwd, out);
    try {
      writeFileSync(path, archive, { flag: 'wx', mode: 0o600 });
    } catch (error) {
      throw new Fault('output_unwritable', { path, why: errorCode(error) }, { cause: error });
    }
    const missing = [...policies].filter(([, bytes]) => bytes === null).map(([hash]) => hash);
    const digest = sha256Digest(archive);
    if (json) {
      const held = [...policies.keys()].filter(hash => !missing.includes(hash));
      const counts = { records: found.length, policies: held, missing_policies: missing };
      io.out(JSON.stringify({ ok: missing.length === 0, file: path, sha256: digest, log: log.origin, ...counts }));
    } else io.out(boundedText(`${path}: ${found.length} records of ${log.origin}, SHA-256 ${digest}`, 4096));
    for (const hash of missing)
      io.err(`MISSING: the policy ${hash} is named by a record and is not kept here (--policies)`);
    return missing.length === 0 ? EXIT.ok : EXIT.unknown;
  },
};

function askedOf(given: Args): Asked {
  const [request, agent] = [given.text('request'), given.text('agent')];
  if (agent !== null && agentId(agent) === null) throw new Misuse('--agent is no agent ID');
  if (request !== null && !/^[A-Za-z0-9-]{1,128}$/.test(request)) throw new Misuse('--request is no request ID');
  const asked: Record<string, string> = {};
  for (const name of ['request', 'agent', 'since', 'until']) {
    const text = given.text(name);
    if (text === null) continue;
    const isTime = name === 'since' || name === 'until';
    if (isTime && rfc3339Ms(text) === null) {
      throw new Misuse(`--${name} is no RFC 3339 date-time`, 'write for example 2026-01-07T12:00:00Z');
    }
    asked[name] = text;
  }
  if (Object.keys(asked).length === 0) {
    throw new Misuse(
      'give --request, --agent, --since or --until',
      'the files of the log themselves are evidence of all of it',
    );
  }
  return asked;
}

function policyFolder(given: Args, io: CliIo): string {
  const folder = given.text('policies');
  if (folder !== null) return resolve(io.cwd, folder);
  return join(readSettings('operator', io, operatorSettingsFile(given.text('config'), io)).stateDir, 'policies');
}

/**
 * The bytes of each policy that a record names, by hash; null when they are not there, or are others. A generation of several
 * documents is named by its manifest, and each of them is held with it.
 */
function policiesOf(found: readonly Harvested[], folder: string): ReadonlyMap<string, Uint8Array | null> {
  const policies = new Map<string, Uint8Array | null>();
  const hold = (hash: string): void => {
    if (policies.has(hash)) return;
    const file = readWhole(join(folder, hash), POLICY_JSON_MAX_BYTES);
    const bytes = file.ok && sha256Digest(file.bytes) === hash ? file.bytes : null;
    policies.set(hash, bytes);
    for (const { sha256 } of bytes === null ? [] : (readManifest(bytes) ?? [])) hold(sha256);
  };
  for (const { record } of found) {
    const hash = namedPolicy(record);
    if (hash !== null) hold(hash);
  }
  return policies;
}

function bundle(
  log: HarvestedLog,
  asked: Asked,
  found: readonly Harvested[],
  policies: ReadonlyMap<string, Uint8Array | null>,
): Uint8Array {
  const checkpoints = new Map<number, string>();
  let last: FoundCheckpoint | null = null;
  const records = found.map(({ seq, line }): ProvenRecord => {
    const checkpoint = log.harvest.covering(seq);
    if (checkpoint === null)
      throw new Fault('no_proof', { why: `no checkpoint covers record ${seq} yet; try again in a second` });
    const path = log.harvest.tree.inclusion(seq, checkpoint.size);
    if (path === null) throw new Fault('no_proof', { why: `the tree around record ${seq} is not in these files` });
    checkpoints.set(checkpoint.size, checkpoint.note);
    last = checkpoint;
    return { index: seq, line, checkpoint: checkpoint.size, path };
  });
  const rotations = last === null ? [] : rotationsTo((last as FoundCheckpoint).keyId, log.rotations);
  const errors: string[] = [];
  for (const publicKey of log.keys) {
    const evidence = { log: log.origin, asked, publicKey, records, checkpoints, rotations, policies };
    const archive = evidenceTar(sha256, evidence);
    // What leaves here has been checked as its receiver will check it. Of several pinned keys one is this log's.
    const { problems } = checkBundle({ sha256, verify: ed25519Verify }, archive, [publicKey]);
    if (problems.length === 0) return archive;
    errors.push(...problems);
  }
  throw new Fault('no_proof', { why: boundedText(errors[0] ?? 'no key', 512) });
}
