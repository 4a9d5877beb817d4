import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { firstKey } from '../agent/log/keys.js';
import { readSettings } from '../agent/read-settings.js';
import { keyId } from '../core/audit/key-id.js';
import { toBase64 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { readPublicKey } from '../crypto/read-keys.js';
import { sha256 } from '../crypto/sha256.js';
import { errorCode } from '../disk/error-code.js';
import { type Command, EXIT } from './io.js';
import { STARTER_POLICY, starterSettings } from './starter.js';

export const init: Command = {
  name: 'init',
  summary: 'write a starter policy, settings and the key of the log',
  synopsis: ['[--json]'],
  about: `
Writes into the configuration directory ($CHECKRD_CONFIG_DIR, else ~/.checkrd): a policy that denies by default,
settings with every line commented out, and the key that signs the log, whose public half it prints.
Keep that line where this machine cannot change it: \`checkrd verify --key\` wants it. What exists is left as it is.`,
  flags: {},
  exit: { ok: 'done', unknown: 'it could not be written' },
  async run(given, io) {
    const settings = readSettings('operator', io);
    const done = [
      writeOnce(join(settings.configDir, 'checkrd.yaml'), starterSettings()),
      writeOnce(settings.policy, STARTER_POLICY),
    ];
    const anchor = firstKey(settings.keysDir);
    const publicKey = readPublicKey(anchor);
    const text = toBase64(publicKey);
    const id = keyId(sha256, publicKey);
    if (given.on('json')) {
      io.out(JSON.stringify({ ok: true, files: done, public_key: text, key_id: id, key_file: anchor }));
      return EXIT.ok;
    }
    for (const { path, written } of done) io.out(`${path}: ${written ? 'written' : 'exists, left as it is'}`);
    io.out(`${anchor}: public key of the log, ID ${id}`);
    io.out(text);
    io.err(`hint: open ${settings.policy} and allow what your agents need; nothing is allowed yet`);
    return EXIT.ok;
  },
};

/** Never overwrites; another `init` may run at the same time. */
function writeOnce(path: string, text: string): { readonly path: string; readonly written: boolean } {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFileSync(path, text, { flag: 'wx', mode: 0o644 });
    return { path, written: true };
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return { path, written: false };
    throw new Fault('starter_unwritable', { path, why: errorCode(error) }, { cause: error });
  }
}
