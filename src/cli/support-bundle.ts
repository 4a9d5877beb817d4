import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { attempt } from '../agent/attempt.js';
import { operatorSettingsFile, readSettings } from '../agent/read-settings.js';
import { packageVersion } from '../agent/version.js';
import { utf8 } from '../core/bytes.js';
import { type TarFile, tar } from '../core/evidence/tar.js';
import { Fault } from '../core/fault.js';
import { errorCode } from '../disk/error-code.js';
import { check } from './check.js';
import { doctor } from './doctor.js';
import { CONFIG, FILE } from './flags.js';
import { type Command, EXIT } from './io.js';
import { status } from './status.js';
import { bundleParts } from './support/parts.js';

export const supportBundle: Command = {
  name: 'support-bundle',
  summary: 'gather what a report of a problem needs, without secrets',
  synopsis: ['[--out FILE] [--config FILE] [--with-policy] [--with-names] [--json]'],
  about: `
Writes one archive (FILE, or checkrd-support-TIME.tar.gz here; mode 0600, never over another file): versions, settings, status
and doctor, codes of the policy check, types and codes of the last 100 records and messages, metrics, disk and process.
Never in it: keys, values of variables, URLs, hosts, reasons, words of messages. Agents are hashed with a salt that is thrown
away, paths outside a package install are replaced. manifest.json says what is in it and what was left out; read it before
you send it. Run it as root to see everything.`,
  flags: {
    out: { takes: FILE, means: 'where the archive goes' },
    config: CONFIG,
    'with-policy': { means: 'the policy and its layers as well, as they are' },
    'with-names': { means: 'names of agents and of this machine, and paths, as they are' },
  },
  exit: { ok: 'written', unknown: 'it could not be' },
  async run(given, io) {
    const config = given.text('config');
    const now = new Date();
    const settings = attempt(() => readSettings('operator', io, operatorSettingsFile(config, io), {}, () => {}));
    if (!settings.ok && !(settings.error instanceof Fault)) throw settings.error;
    const { files, leftOut } = await bundleParts({
      settings: settings.ok ? settings.value : null,
      config,
      io,
      withPolicy: given.on('with-policy'),
      withNames: given.on('with-names'),
      commands: { status, doctor, check },
    });
    const packed = files.map(({ name, text }): TarFile => ({ name: `checkrd-support/${name}`, bytes: utf8(text) }));
    const manifest = {
      version: packageVersion(),
      created: now.toISOString(),
      contains: files.map(({ name, what, text }) => ({ name, what, bytes: utf8(text).length, sha256: digest(text) })),
      left_out: leftOut,
    };
    const first = { name: 'checkrd-support/manifest.json', bytes: utf8(`${JSON.stringify(manifest, null, 2)}\n`) };
    const name = given.text('out') ?? `checkrd-support-${now.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z.tar.gz`;
    const path = resolve(io.cwd, name);
    try {
      writeFileSync(path, gzipSync(tar([first, ...packed])), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      throw new Fault('bundle_unwritable', { path, why: errorCode(error) }, { cause: error });
    }
    if (given.on('json')) io.out(JSON.stringify({ ok: true, path, ...manifest }));
    else {
      io.out(`written: ${path}`);
      for (const { name: part, what } of files) io.out(`  ${part.padEnd(18)} ${what}`);
      for (const { what, why } of leftOut) io.out(`left out: ${what} (${why})`);
      io.out('look at it before you send it: tar -xOzf FILE checkrd-support/manifest.json');
    }
    return EXIT.ok;
  },
};

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
