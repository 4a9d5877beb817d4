import { basename, resolve } from 'node:path';
import { policyInspector } from '../agent/inspect-policy.js';
import { readPolicyBytes, readPolicyFile } from '../agent/offline.js';
import { failures } from '../agent/policy-tests.js';
import { keyId } from '../core/audit/key-id.js';
import { sha256Hex } from '../core/brand.js';
import { toHex, utf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { ENVELOPE_MAX_BYTES } from '../core/limits.js';
import { ENVELOPE_SUFFIX } from '../core/policy/layers.js';
import { signAnew, statementIn, withSignature } from '../core/trust/co-sign.js';
import { isBaseName, isExpired, type PolicyStatement } from '../core/trust/policy-payload.js';
import { readKeyFile } from '../crypto/read-keys.js';
import { sha256 } from '../crypto/sha256.js';
import { errorCode } from '../disk/error-code.js';
import { putBack } from '../disk/put-back.js';
import { readWhole } from '../disk/read-whole.js';
import { type Args, Misuse } from './args.js';
import { FILE, TIME } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { printIssue } from './print-issue.js';
import { timeOf } from './record-flags.js';
import { signEngine } from './sign-engine.js';

export const sign: Command = {
  name: 'sign',
  summary: 'sign a policy or an engine, or add a signature to those it has',
  synopsis: [
    'POLICY --key FILE [--expires TIME] [--allow-weakening] [--anew] [--json]',
    '--engine ENGINE --key FILE [--anew] [--json]',
  ],
  about: `
Writes POLICY.dsse: who holds the key says that these bytes are the policy of this file name and of the version that the
document carries. Where an envelope for the same bytes is there, the signature is added to it, and what was stated first
(--expires, --allow-weakening) is signed as it stands and printed. Only a policy that loads, passes its own tests and has a
\`version\` is signed.`,
  operands: { min: 0, max: 1, what: 'one POLICY', takes: { called: 'POLICY', is: 'file' } },
  flags: {
    key: { takes: FILE, means: 'the secret key that signs' },
    expires: { takes: TIME, means: 'from then on it counts no more (RFC 3339)' },
    'allow-weakening': { means: 'says that letting more pass is meant' },
    anew: { means: 'states it again, and drops the other signatures' },
    engine: {
      takes: { called: 'ENGINE', is: 'file' },
      means: 'signs an engine file, once it has answered as every engine must, and writes ENGINE.dsse',
    },
  },
  exit: {
    ok: 'signed',
    no: 'not a policy that can be signed',
    unknown: 'a file could not be read or written, or an engine is not sound',
  },
  async run(given, io) {
    const key = given.text('key');
    if (key === null) throw new Misuse('--key is missing', 'checkrd keygen makes one');
    const engine = given.text('engine');
    const [policy] = given.words;
    if ((engine === null) === (policy === undefined)) throw new Misuse('give one POLICY, or --engine ENGINE');
    if (engine !== null) return signAnEngine(engine, key, given, io);
    const path = resolve(io.cwd, policy as string);
    timeOf(given, 'expires');
    const file = readPolicyBytes(path);
    if (!file.ok) throw file.fault;
    const version = soundVersion(path, file.bytes, io);
    if (version === null) return EXIT.no;
    const signer = readKeyFile(resolve(io.cwd, key));
    const inHand = { keyId: keyId(sha256, signer.publicKey), sign: signer.sign };
    const wanted = statementOf(path, file.bytes, version, given);
    const before = given.on('anew') ? null : sameBefore(path, wanted, given);
    const text = before === null ? signAnew(wanted, inHand) : withSignature(before.envelope, inHand);
    write(`${path}${ENVELOPE_SUFFIX}`, text);
    const statement = before?.statement ?? wanted;
    const signatures = statementIn(utf8(text))?.envelope.signatures.map(one => one.keyId) ?? [];
    if (given.on('json')) {
      const { allowWeakening, ...rest } = statement;
      const stated = { ...rest, allow_weakening: allowWeakening };
      io.out(
        JSON.stringify({
          ok: true,
          envelope: `${path}${ENVELOPE_SUFFIX}`,
          key_id: inHand.keyId,
          signatures,
          ...stated,
        }),
      );
    } else print(io, path, statement, signatures);
    return EXIT.ok;
  },
};

async function signAnEngine(engine: string, key: string, given: Args, io: CliIo): Promise<number> {
  if (given.on('allow-weakening') || given.text('expires') !== null)
    throw new Misuse('--expires and --allow-weakening are for policies');
  const { envelope, sha256: hash, abi, keyIds } = await signEngine(engine, key, given.on('anew'), io);
  if (given.on('json')) io.out(JSON.stringify({ ok: true, envelope, sha256: hash, abi, signatures: keyIds }));
  else io.out(`${envelope}: signed by ${keyIds.join(', ')}\nsha256    ${hash}\nabi       ${abi}`);
  return EXIT.ok;
}

/** The document's version; null after saying why it is not signed. */
function soundVersion(path: string, bytes: Uint8Array, io: CliIo): number | null {
  const got = policyInspector().inspectBytes(bytes, path);
  const errors = got.ok ? failures(got.tests) : got.errors;
  for (const issue of errors) printIssue(io, path, 'error', issue);
  if (!got.ok || errors.length > 0) return null;
  const read = readPolicyFile(path);
  const version = read.ok ? read.policy.version : null;
  if (version === null)
    io.err(`error: ${path} has no \`version\`\nhint: add \`version: 1\`, and raise it with each change`);
  return version;
}

function statementOf(path: string, bytes: Uint8Array, version: number, given: Args): PolicyStatement {
  const hash = sha256Hex(toHex(sha256(bytes)));
  const file = basename(path);
  if (hash === null || !isBaseName(file)) throw new Misuse(`${path} has no name that can be signed`);
  const issued = new Date().toISOString();
  const statement = {
    sha256: hash,
    file,
    version,
    issued,
    expires: given.text('expires'),
    allowWeakening: given.on('allow-weakening'),
  };
  if (isExpired(statement, Date.now())) throw new Misuse('--expires is in the past');
  return statement;
}

/** The envelope that is there, if it speaks for these bytes. */
function sameBefore(path: string, wanted: PolicyStatement, given: Args) {
  const there = readWhole(`${path}${ENVELOPE_SUFFIX}`, ENVELOPE_MAX_BYTES);
  if (!there.ok && there.error === 'ENOENT') return null;
  if (!there.ok) throw new Fault('input_unreadable', { path: `${path}${ENVELOPE_SUFFIX}`, why: there.error });
  const before = statementIn(there.bytes);
  const { sha256: hash, file, version } = wanted;
  const said = before?.statement;
  if (said?.sha256 !== hash || said.file !== file || said.version !== version) return null;
  const other =
    (wanted.allowWeakening && !said.allowWeakening) ||
    (given.text('expires') !== null && said.expires !== wanted.expires);
  if (other)
    throw new Misuse(
      'the envelope that is there states something else',
      'leave the flag out to sign that, or give --anew',
    );
  return before;
}

function write(path: string, text: string): void {
  try {
    // Its temp name is no policy to anybody: the envelope of a layer stands in a folder that processes follow.
    putBack(path, utf8(text));
  } catch (error) {
    throw new Fault('output_unwritable', { path, why: errorCode(error) }, { cause: error });
  }
}

function print(io: CliIo, path: string, statement: PolicyStatement, signatures: readonly string[]): void {
  io.out(
    `${path}${ENVELOPE_SUFFIX}: ${signatures.length === 1 ? 'one signature' : `${signatures.length} signatures`} (${signatures.join(', ')})`,
  );
  io.out(`file      ${statement.file}, version ${statement.version}`);
  io.out(`sha256    ${statement.sha256}`);
  io.out(`issued    ${statement.issued}`);
  io.out(`expires   ${statement.expires ?? 'never'}`);
  io.out(`weakening ${statement.allowWeakening ? 'allowed' : 'not allowed'}`);
}
