// T-77 of THREAT-MODEL.md: what cannot be read in the trust folder never means fewer checks.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { trustedSigner } from '#src/crypto/trusted-signer.js';
import { readTrustFolder } from '#src/disk/trust-folder.js';
import { testKey } from '../support/signing-keys.js';
import { tempFolder } from '../support/temp.js';

const ann = testKey(1);
const bob = testKey(2);

test('keys and threshold are read; what is wrong is refused by name', t => {
  const folder = join(tempFolder(t), 'trust');
  const read = () => readTrustFolder(folder, { operatorsGid: null }, trustedSigner);
  const write = (name: string, text: string | Uint8Array) => writeFileSync(join(folder, name), text, { mode: 0o644 });
  assert.deepEqual(read(), { signers: [], threshold: 1 });
  mkdirSync(folder, { mode: 0o755 });
  assert.deepEqual(read(), { signers: [], threshold: 1 });

  write('ann.pub', ann.pub);
  write('bob.pub', bob.pub.trimEnd());
  write('bob-again.pub', bob.pub);
  write('.swp', 'x');
  write('bob.pub~', 'x');
  mkdirSync(join(folder, 'log'));
  assert.deepEqual(
    read()
      .signers.map(({ keyId }) => keyId)
      .sort(),
    [ann.keyId, bob.keyId].sort(),
  );

  const refused = (name: string, put: () => void, code = 'trust_unusable') => {
    rmSync(join(folder, name), { recursive: true, force: true });
    put();
    assert.throws(read, (error: { code: string; message: string }) => {
      assert.equal(error.code, code, name);
      assert.ok(error.message.includes(folder), error.message);
      return true;
    });
    rmSync(join(folder, name), { recursive: true, force: true });
  };
  for (const text of ['0', '', '-1', '1.5', '65', '100', ' 1', '1 ', '01', '1\n1\n', 'two', '1\r\n', '\u{feff}1']) {
    refused('threshold', () => write('threshold', text));
  }
  refused('threshold', () => mkdirSync(join(folder, 'threshold')));
  refused('threshold', () => symlinkSync('nowhere', join(folder, 'threshold')));
  refused('treshold', () => write('treshold', '2\n'));
  refused('carol.key', () => write('carol.key', ann.secret));
  refused('c.pub', () => write('c.pub', ''));
  refused('c.pub', () => write('c.pub', `${ann.pub}${bob.pub}`));
  refused('c.pub', () => write('c.pub', Buffer.alloc(32).toString('base64')));
  refused('c.pub', () => write('c.pub', Uint8Array.of(0xff)));
  refused('c.pub', () => write('c.pub', 'A'.repeat(5000)));
  refused('c.pub', () => mkdirSync(join(folder, 'c.pub')));
  refused('c.pub', () => symlinkSync('nowhere', join(folder, 'c.pub')));
  const open = join(folder, 'c.pub');
  refused(
    'c.pub',
    () => {
      write('c.pub', ann.pub);
      chmodSync(open, 0o666);
    },
    'policy_writable_by_others',
  );

  write('threshold', '2\n');
  assert.equal(read().threshold, 2);
  chmodSync(folder, 0o777);
  assert.throws(read, { code: 'policy_writable_by_others' });
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true });
  writeFileSync(folder, '');
  assert.throws(read, { code: 'trust_unusable' });
});
