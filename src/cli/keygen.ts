import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { keyId } from '../core/audit/key-id.js';
import { toBase64 } from '../core/bytes.js';
import { generateSeed, signerFromSeed } from '../crypto/ed25519.js';
import { writeKeyFile, writePublicKeyFile } from '../crypto/keys.js';
import { sha256 } from '../crypto/sha256.js';
import { FILE } from './flags.js';
import { type Command, EXIT } from './io.js';

export const keygen: Command = {
  name: 'keygen',
  summary: 'make an Ed25519 key pair',
  synopsis: ['[--json] FILE'],
  about: `
Writes a new secret key to FILE (mode 0600, one line) and its public key to FILE.pub, and prints the public key.
Neither is ever written over.`,
  operands: { min: 1, max: 1, what: 'one file name for the key', takes: FILE },
  flags: {},
  exit: { ok: 'made', unknown: 'not made' },
  async run(given, io) {
    const path = resolve(io.cwd, given.words[0] as string);
    const seed = generateSeed();
    const { publicKey } = signerFromSeed(seed);
    writeKeyFile(path, seed);
    seed.fill(0);
    try {
      writePublicKeyFile(`${path}.pub`, publicKey);
    } catch (error) {
      // Beside an old .pub this secret would pass for another key.
      rmSync(path);
      throw error;
    }
    const id = keyId(sha256, publicKey);
    const text = toBase64(publicKey);
    if (given.on('json')) io.out(JSON.stringify({ ok: true, key_file: path, public_key: text, key_id: id }));
    else {
      io.err(`${path}: secret key, ID ${id}; ${path}.pub: its public half`);
      io.out(text);
    }
    return EXIT.ok;
  },
};
