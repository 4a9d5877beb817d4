/** `policy list`: the policies that were in force, newest first. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { attempt } from '../agent/attempt.js';
import { parseLine } from '../core/audit/canonical.js';
import { fromUtf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { AUDIT_LINE_MAX_BYTES } from '../core/limits.js';
import { policyFormat, readPolicy } from '../core/policy/read.js';
import { statementIn } from '../core/trust/co-sign.js';
import type { ArchivedGeneration } from '../disk/archived-sets.js';
import { readLines } from '../disk/read-lines.js';
import type { Args } from './args.js';
import { type CliIo, EXIT } from './io.js';
import { type ReadArchive, readArchive } from './policy-archive.js';

export function listPolicies(given: Args, io: CliIo): number {
  const archive = readArchive(given, io);
  const live = livesIn(dirname(archive.settings.audit.path));
  const rows = archive.generations
    // A document of a set counts for itself only where something says that it was in force by itself.
    .filter(({ id, isPart }) => !isPart || live.has(id) || id === archive.current)
    .map(generation => ({ ...rowOf(generation, archive), live: live.get(generation.id) ?? null }));
  const damaged = rows.filter(({ damage }) => damage !== null);
  if (given.on('json')) io.out(JSON.stringify({ ok: damaged.length === 0, policies: rows }));
  else {
    for (const row of rows) {
      const { id, files, version, signers, damage } = row;
      const said = [
        row.live === null ? `kept ${row.kept}` : `live ${row.live}`,
        files.join(' + '),
        ...(version === null ? [] : [`version ${version}`]),
        ...(signers.length === 0 ? [] : [`signed by ${signers.join(', ')}`]),
        ...(row.is_current ? ['current'] : []),
        ...(damage === null ? [] : [`DAMAGED: ${damage}`]),
      ];
      io.out(`${id.slice(0, 12)}  ${said.join(', ')}`);
    }
    if (rows.length === 0) io.err(`hint: no policy is archived below ${archive.settings.stateDir}`);
  }
  return damaged.length > 0 ? EXIT.unknown : EXIT.ok;
}

function rowOf({ id, keptMs, documents }: ArchivedGeneration, archive: ReadArchive) {
  const read = attempt(() => archive.set(id));
  const [main] = read.ok ? read.value.documents : [];
  const policy = main === undefined ? null : readPolicy(main.bytes, policyFormat(main.path));
  // Names only: whether the signatures are good is asked when it would go live.
  const signed = main?.envelope == null ? null : statementIn(main.envelope);
  return {
    id,
    kept: new Date(keptMs).toISOString(),
    files: documents.map(({ name }) => name),
    version: policy?.ok === true ? policy.policy.version : null,
    signers: signed?.envelope.signatures.map(({ keyId }) => keyId) ?? [],
    is_current: id === archive.current,
    damage: read.ok ? null : read.error instanceof Fault ? read.error.message : 'it cannot be read',
  };
}

const LOADED = Buffer.from('"type":"policy_loaded"');

/** When each generation last went live, by the logs in the folder as they stand; `verify` says what they are worth. */
function livesIn(folder: string): ReadonlyMap<string, string> {
  const live = new Map<string, string>();
  const names = attempt(() => readdirSync(folder).filter(name => name.endsWith('.jsonl')));
  for (const name of names.ok ? names.value : []) {
    attempt(() =>
      readLines(join(folder, name), AUDIT_LINE_MAX_BYTES, bytes => {
        if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(LOADED)) return undefined;
        const parsed = parseLine(fromUtf8(bytes) ?? '');
        const { type, policy_sha256: id, time } = parsed.ok ? parsed.record : {};
        if (type !== 'policy_loaded' || typeof id !== 'string' || typeof time !== 'string') return undefined;
        if ((live.get(id) ?? '') < time) live.set(id, time);
        return undefined;
      }),
    );
  }
  return live;
}
