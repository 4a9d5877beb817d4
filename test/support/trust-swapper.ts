/**
 * A program that swaps a policy and the trust folder for as long as it lives: `node trust-swapper.js FOLDER`.
 *
 * While Bob's key is trusted, Ann's policy stands there; while his policy does, his key does not. Both are renamed into place.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ann, bob, envelope } from './signed-site.js';

const [folder = ''] = process.argv.slice(2);
const park = new Int32Array(new SharedArrayBuffer(4));

function put(name: string, text: string): void {
  const path = join(folder, name);
  writeFileSync(`${path}~`, text);
  renameSync(`${path}~`, path);
}

function putPolicy(version: number, key: typeof ann, name: string): void {
  const text = `default: deny\nversion: ${version}\nrules:\n  - { name: ${name}, allow: { url: "a.example/**" } }\n`;
  const signed = envelope(text, [key]);
  put('policy.yaml.dsse', signed);
  put('policy.yaml', text);
}

for (let version = 2; ; version += 2) {
  putPolicy(version, ann, 'ann');
  put('trust/bob.pub', bob.pub);
  Atomics.wait(park, 0, 0, version % 3);
  rmSync(join(folder, 'trust', 'bob.pub'));
  putPolicy(version + 1, bob, 'bob');
  Atomics.wait(park, 0, 0, version % 4);
}
