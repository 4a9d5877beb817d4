/** `npm run bench`: every comparison in one run, or only those named (`node build/bench/main.js fetch kill`). */
import { benchAppend } from './append.js';
import { benchBatch } from './batch.js';
import { benchBody } from './body.js';
import { benchCheck } from './check.js';
import { benchDecide } from './decide.js';
import { benchEngines } from './engines.js';
import { benchFetch } from './fetch.js';
import { benchHandover } from './handover.js';
import { benchHttp } from './http.js';
import { benchKill } from './kill.js';
import { benchLint } from './lint.js';
import { benchMemory } from './memory.js';
import { benchPause } from './pause.js';
import { benchReload } from './reload.js';
import { benchStart } from './start.js';
import { benchStreams } from './streams.js';
import { benchSwap } from './swap.js';
import { benchTransfer } from './transfer.js';
import { benchUndici } from './undici.js';
import { benchVerify } from './verify.js';
import { benchVersion } from './version.js';
import { benchWriter } from './writer.js';

const BENCHES: Readonly<Record<string, () => void | Promise<void>>> = {
  decide: () => benchDecide(),
  engines: () => benchEngines(),
  swap: () => benchSwap(),
  lint: () => benchLint(),
  check: () => benchCheck(),
  body: () => benchBody(),
  append: () => benchAppend(),
  writer: () => benchWriter(),
  fetch: () => benchFetch(),
  http: () => benchHttp(),
  undici: () => benchUndici(),
  transfer: () => benchTransfer(),
  handover: () => benchHandover(),
  batch: () => benchBatch(),
  kill: () => benchKill(),
  streams: () => benchStreams(),
  reload: () => benchReload(),
  pause: () => benchPause(),
  start: () => benchStart(),
  version: () => benchVersion(),
  memory: () => benchMemory(),
  verify: () => benchVerify(),
};

const asked = process.argv.slice(2);
const unknown = asked.filter(name => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  console.error(`no bench is named ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`);
  process.exit(64);
}
console.log('Medians of contenders taken in turn. Ratios are what counts; absolute figures are those of this machine.');
for (const [name, bench] of Object.entries(BENCHES)) if (asked.length === 0 || asked.includes(name)) await bench();
