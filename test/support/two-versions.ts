/** This tree's packages, and those of an earlier version of it with another first policy: what an upgrade has to bring over. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildPackages } from './packages.js';

export const EARLIER = '0.0.9';
export const NOW: string = (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version;
/** A line that only the earlier version's first policy has. */
export const EARLIER_POLICY = '# The first policy of an earlier version.';

const COPIED = ['dist', 'docs', 'examples', 'packaging', 'systemd'];
const FILES = [
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'THREAT-MODEL.md',
  'package.json',
  'package-lock.json',
];

export interface TwoVersions {
  /** Their `.deb` and `.rpm`; the file names hold the version. */
  readonly files: readonly string[];
}

export function twoVersions(folder: string): TwoVersions {
  const root = join(folder, 'earlier');
  mkdirSync(join(root, 'build'), { recursive: true });
  for (const name of [...COPIED, ...FILES]) cpSync(name, join(root, name), { recursive: true });
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
  const flags = ['--only', 'deb,rpm'];
  const now = buildPackages(join(folder, 'now'), { flags });
  // The runtime is fetched and stripped once.
  symlinkSync(resolve('build/runtime'), join(root, 'build/runtime'));
  const about = join(root, 'package.json');
  writeFileSync(about, readFileSync(about, 'utf8').replace(`"version": "${NOW}"`, `"version": "${EARLIER}"`));
  const policy = join(root, 'packaging/files/policy.yaml');
  writeFileSync(policy, `${EARLIER_POLICY}\n${readFileSync(policy, 'utf8')}`);
  const env = { SOURCE_DATE_EPOCH: '1700000000' };
  const earlier = buildPackages(join(folder, 'earlier-out'), { flags, root, env });
  return { files: [now, earlier].flatMap(({ file }) => [file('.deb'), file('.rpm')]) };
}
