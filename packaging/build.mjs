// `npm run package`: .deb, .rpm and tarball for each architecture, with bill of materials and sums, into release/.
//
//   node packaging/build.mjs [--only deb,rpm,tar] [--cpu x64,arm64] [--fast] [--sign KEYFILE] [--out FOLDER]
//
// The same commit, runtime and tools give the same bytes in any folder. Only the runtime is fetched, by npm, from its lockfile.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { COPYRIGHT, debianChangelog } from './about.mjs';
import { makeDeb } from './deb.mjs';
import { layout } from './layout.mjs';
import { thirdPartyLicences } from './licences.mjs';
import { bundleProgram } from './program.mjs';
import { makeRpm } from './rpm.mjs';
import { fetchRuntime } from './runtime.mjs';
import { billOfMaterials } from './sbom.mjs';
import { stage } from './stage.mjs';
import { writeSums } from './sums.mjs';
import { makeTar } from './tar.mjs';
import { packageVersion } from './version.mjs';

const MAKERS = { deb: makeDeb, rpm: makeRpm, tar: makeTar };

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(MAKERS).join(',') },
    cpu: { type: 'string', default: 'x64,arm64' },
    fast: { type: 'boolean', default: false },
    sign: { type: 'string' },
    out: { type: 'string', default: join(root, 'release') },
  },
});
const kinds = chosen('--only', values.only, Object.keys(MAKERS));
const cpus = chosen('--cpu', values.cpu, ['x64', 'arm64']);
const out = resolve(values.out);
const work = join(out, '.work');
const about = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const version = packageVersion(about.version);
const epoch = sourceDate();

rmSync(out, { recursive: true, force: true });
mkdirSync(work, { recursive: true });
const program = join(work, 'program');
const packages = await bundleProgram(root, program);
const made = [];
for (const cpu of cpus) {
  const runtime = fetchRuntime(cpu, join(root, 'build', 'runtime'));
  console.error(`package: ${cpu}: Node ${runtime.version}, ${runtime.stripped ?? 'not'} stripped`);
  const sbom = billOfMaterials(root, packages, cpu, runtime, epoch);
  const bill = join(out, `checkrd-${about.version}-linux-${cpu}.cdx.json`);
  writeFileSync(bill, sbom);
  made.push(bill);
  const licences = thirdPartyLicences(root, packages, runtime);
  const rows = layout({ changelog: debianChangelog(version, epoch), copyright: COPYRIGHT, licences, sbom });
  for (const kind of kinds) {
    const tree = join(work, `${kind}-${cpu}`);
    const conf = stage({ root, tree, rows, kind, program, node: runtime.program, epoch });
    const begun = performance.now();
    const path = MAKERS[kind]({ root, tree, conf, cpu, version, epoch, fast: values.fast, out, about });
    made.push(path);
    const seconds = Math.round((performance.now() - begun) / 1000);
    console.error(`package: ${basename(path)}: ${(statSync(path).size / 1e6).toFixed(1)} MB, ${seconds} s`);
    rmSync(tree, { recursive: true });
  }
}
rmSync(work, { recursive: true });
made.push(...(await writeSums(root, out, made, values.sign)));
for (const path of made) console.error(`package: ${path}`);

/** Seconds: said, or when the commit was made. */
function sourceDate() {
  const said = process.env.SOURCE_DATE_EPOCH;
  const date = said ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).trim();
  if (!/^\d+$/.test(date)) throw new Error('SOURCE_DATE_EPOCH is wanted: this is no clone');
  return Number(date);
}

function chosen(flag, said, among) {
  const names = said.split(',');
  const unknown = names.find(name => !among.includes(name));
  if (unknown !== undefined) throw new Error(`${flag} ${unknown}: there are ${among.join(', ')}`);
  return names;
}
