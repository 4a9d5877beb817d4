/**
 * Freezes logs of this version for every later one: `npm run build && node build/test/support/make-corpus.js test/corpus/VERSION`,
 * with the word `epochs` after it only those of several epochs (long-lived-logs.ts).
 *
 * Each folder is a log as the real writer, a crash or an intruder left it, the key to check it with, and what `verify` said
 * then. What is there is never made anew: a later version must say the same of it.
 */
import { copyFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { toBase64 } from '#src/core/bytes.js';
import { witnessVkey } from '#src/core/evidence/cosignature.js';
import { sha256, sha256Text } from '#src/crypto/sha256.js';
import { testSigner } from './audit-builder.js';
import { decision } from './audit-log.js';
import { cli } from './cli.js';
import { said } from './corpus.js';
import { HISTORIES, LabLog } from './histories.js';
import { LONG_LIVED } from './long-lived-logs.js';

const FROZEN = [
  'closed and opened again',
  'killed and opened again',
  'half a line',
  'NULs at the end, twice',
  'rotated',
  'killed, then rotated',
  'the state file deleted',
  'half a line, not opened since',
  'truncated while it was written, and no copy',
  'a foreign line while it was written',
  'a record changed',
  'a record removed',
  'two records exchanged',
];
const POLICY = 'default: deny\nrules:\n  - { name: reads, allow: { url: "api.example.com/v1/**" } }\n';
const CALL = '0190b5a0-0000-7000-8000-000000000001';

const [target = '', only = ''] = process.argv.slice(2);
if (target === '' || existsSync(target)) {
  process.stderr.write('usage: make-corpus.js FOLDER [epochs]; FOLDER must not exist yet\n');
  process.exit(64);
}

const histories = FROZEN.map(name => {
  const history = HISTORIES.find(h => h.name === name);
  if (history === undefined) throw new Error(`no history '${name}'`);
  return history;
});
for (const { name, run } of [...(only === 'epochs' ? [] : histories), ...LONG_LIVED]) {
  const log = new LabLog();
  run(log);
  await freeze(log, join(target, name.replaceAll(/[^a-zA-Z]+/g, '-').toLowerCase()));
  log.remove();
}
if (only !== 'epochs') await evidence(resolve(target, 'evidence'));

/** Copies the files and writes down what is said of them. */
async function freeze(log: LabLog, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const file of [...log.files(), ...log.beside()]) copyFileSync(file, join(folder, basename(file)));
  copyFileSync(log.key, join(folder, 'key.pub'));
  writeFileSync(join(folder, 'expected.json'), `${JSON.stringify(await said(folder), null, 2)}\n`);
}

/** A log of two files with everything that can be made of it. */
async function evidence(folder: string): Promise<void> {
  const log = new LabLog();
  const hash = sha256Text(POLICY);
  log.live(writer => {
    writer.append(decision(900, { request_id: CALL, policy_sha256: hash }));
    renameSync(log.path, `${log.path}.1`);
    writer.reopen();
  });
  const policies = join(log.folder, 'policies');
  mkdirSync(policies);
  writeFileSync(join(policies, hash), POLICY);
  await freeze(log, folder);
  const make = async (args: readonly string[], stdin = ''): Promise<string> => {
    const run = await cli(args, { stdin });
    if (run.code !== 0) throw new Error(`${args.join(' ')}: ${run.err}`);
    return run.out;
  };
  const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const of = ['--key', log.key, ...log.files()];
  put('inclusion.proof', await make(['prove', '--request', CALL, ...of]));
  put('inclusion.tlog-proof', await make(['prove', '--request', CALL, '--format', 'tlog-proof', ...of]));
  const consistency = await make(['prove', '--old', '5', ...of]);
  put('consistency.proof', consistency);
  const signer = testSigner('corpus witness');
  const secret = join(log.folder, 'secret');
  writeFileSync(secret, `${seedOf('corpus witness')}\n`, { mode: 0o600 });
  put('witness.vkey', `${witnessVkey(sha256, { name: 'witness.example/w1', publicKey: signer.publicKey })}\n`);
  const witness = ['witness', '--name', 'witness.example/w1', '--secret', secret, '--key', log.key];
  put('witnessed.note', await make([...witness, '--state', join(log.folder, 'state.json')], consistency));
  await make(['export', '--request', CALL, '--policies', policies, '--out', join(folder, 'evidence.tar'), ...of]);
  log.remove();
}

function seedOf(name: string): string {
  return toBase64(sha256(new TextEncoder().encode(name)));
}
