import { resolve } from 'node:path';
import { operatorSettingsFile, readSettings } from '../agent/read-settings.js';
import type { Sha256Hex } from '../core/brand.js';
import { isLayerName } from '../core/policy/layers.js';
import { sha256Digest } from '../crypto/sha256.js';
import { openLayerMemory } from '../disk/layer-memory.js';
import { layerNamesIn, policyPlace } from '../disk/policy-set.js';
import { Misuse } from './args.js';
import { painter } from './colour.js';
import { CONFIG, FILE, TEXT } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';

export const layer: Command = {
  name: 'layer',
  summary: 'list the layers of the policy, or let one go for good',
  synopsis: ['list [--policy FILE] [--config FILE] [--json]', 'drop NAME [--policy FILE] [--config FILE] [--json]'],
  about: `
A layer is a file of \`policy.d\` beside the policy. One that was in force once and is missing keeps a new policy from going
live, also at a start. Only root and the owner of the state folder can let one go.`,
  acts: {
    list: 'those that are there, and those that are missing',
    drop: 'says that NAME (such as 10-company.yaml) may be missing: take the file away first. A running agent notices within a second or two; whichever process next puts the policy in force without it records who dropped it',
  },
  operands: { min: 1, max: 2, what: 'list, or drop NAME', takes: TEXT },
  flags: {
    policy: { takes: FILE, means: 'the policy whose layers are meant; default: that of the settings' },
    config: CONFIG,
  },
  exit: {
    ok: 'done, with list: none is missing',
    no: 'one is missing, or NAME is not known or still there',
    unknown: 'it cannot be read or written',
  },
  async run(given, io) {
    const [act, name] = given.words;
    const settings = readSettings('operator', io, operatorSettingsFile(given.text('config'), io));
    const policy = resolve(io.cwd, given.text('policy') ?? settings.policy);
    const memory = openLayerMemory(settings.stateDir, policy, bytes => sha256Digest(bytes) as Sha256Hex);
    const present = layerNamesIn(policyPlace(policy));
    if (act === 'list' && name === undefined) return list(present, memory.read(), given.on('json'), io);
    if (act !== 'drop' || name === undefined) throw new Misuse('expected `list` or `drop NAME`');
    if (!isLayerName(name))
      throw new Misuse(`'${name}' is no name of a layer`, 'write it as `checkrd layer list` does');
    const refusal = present.includes(name)
      ? `${name} is still in policy.d; take the file away first`
      : memory.drop({ name, byUid: process.getuid?.() ?? 0, time: new Date().toISOString() })
        ? null
        : `no layer ${name} was ever in force, or it was dropped already; \`checkrd layer list\` names them`;
    if (given.on('json'))
      io.out(JSON.stringify({ ok: refusal === null, dropped: refusal === null, name, why: refusal }));
    else if (refusal === null) io.out(`${name}: dropped; the policy goes live without it`);
    else io.err(`error: ${refusal}`);
    return refusal === null ? EXIT.ok : EXIT.no;
  },
};

type Known = ReturnType<ReturnType<typeof openLayerMemory>['read']>;

function list(present: readonly string[], { layers, dropped }: Known, json: boolean, io: CliIo): number {
  const names = [...new Set([...present, ...layers])].sort();
  const rows = names.map(name => ({
    name,
    state: !present.includes(name) ? 'missing' : layers.includes(name) ? 'known' : 'new',
  }));
  const missing = rows.some(({ state }) => state === 'missing');
  const gone = dropped.map(({ name, byUid, time }) => ({ name, by_uid: byUid, time }));
  if (json) {
    io.out(JSON.stringify({ ok: !missing, layers: rows, dropped: gone }));
    return missing ? EXIT.no : EXIT.ok;
  }
  const paint = painter(io);
  for (const { name, state } of rows) io.out(`${name}: ${state === 'missing' ? paint('red', state) : state}`);
  for (const { name, by_uid: uid, time } of gone) io.out(`${name}: dropped by user ${uid} at ${time}`);
  if (rows.length + gone.length === 0) io.out('no layers');
  return missing ? EXIT.no : EXIT.ok;
}
