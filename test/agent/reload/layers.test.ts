/**
 * T-74, T-75 of THREAT-MODEL.md. Every way to add, change, rename or take away a layer: what is in force afterwards, what the
 * record says, what an operator is told.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { PolicySet } from '#src/agent/policy-ports.js';
import { Fault } from '#src/core/fault.js';
import { openLayerMemory } from '#src/disk/layer-memory.js';
import { HandTimers } from '../../support/hand-timers.js';
import { build, hash, openBench, type SourceBench, sha } from '../../support/policy-source.js';
import { tempFolder } from '../../support/temp.js';
import { until } from '../../support/wait.js';

const rule = (name: string): string => `rule ${name}\nend\n`;
const BAD = 'rule a\nrulse b\n';

/** A folder with `policy.yaml`, two layers and a state folder, and a source that follows it. */
interface Place {
  readonly dir: string;
  readonly path: string;
  readonly timers: HandTimers;
  layer(name: string): string;
  put(path: string, text: string): void;
  drop(name: string): boolean;
  open(options?: Partial<Parameters<typeof openBench>[1]>): SourceBench;
}

function place(t: TestContext): Place {
  const dir = tempFolder(t);
  const path = join(dir, 'policy.yaml');
  const timers = new HandTimers();
  const stateDir = join(dir, 'state');
  const layer = (name: string) => join(dir, 'policy.d', name);
  const put = (to: string, text: string) => {
    writeFileSync(join(dir, 'new'), text);
    renameSync(join(dir, 'new'), to);
  };
  mkdirSync(layer(''));
  put(path, rule('main'));
  put(layer('10-a.yaml'), rule('a'));
  put(layer('20-b.yaml'), rule('b'));
  return {
    ...{ dir, path, timers, layer, put },
    drop: name => openLayerMemory(stateDir, path, hash).drop({ name, byUid: 7, time: '2026-01-07T12:00:00Z' }),
    open: (options = {}) => openBench(t, { path, stateDir, timers, watch: false, build, ...options }),
  };
}

/**
 * Looks and lets time pass until the source says `wanted`; what it says when it never does. Each pass is followed by a
 * longer wait for the disk, and all of them together are shorter than a build may take by the moved clock.
 */
async function settled(bench: SourceBench, timers: HandTimers, wanted: string): Promise<string> {
  const state = () => [bench.rules(), bench.source.health().issue?.code ?? 'ok', ...bench.said().slice(1)].join(' | ');
  for (let pass = 0; pass < 50 && (pass < 3 || state() !== wanted); pass++) {
    bench.source.lookAgain();
    timers.pass(1_100);
    await turn();
    for (let waits = 0; pass >= 2 && waits < pass * 10 && state() !== wanted; waits++) await sleep(2);
  }
  return state();
}

type Row = readonly [
  what: string,
  act: (p: Place) => void,
  /** Rules in force, code of the issue, records since the start. */
  wanted: string,
  /** The file that the last record names, and a word of the message; absent: the policy's own, none. */
  about?: readonly [file: string, word: RegExp],
];

const SAME = 'main,a,b | ok';
const kept = (code: string) => `main,a,b | ${code} | rejected ${code}`;

const ROWS: readonly Row[] = [
  ['a layer is added', p => p.put(p.layer('15-c.yaml'), rule('c')), 'main,a,c,b | ok | loaded main,a,c,b'],
  ['a layer is renamed over', p => p.put(p.layer('10-a.yaml'), rule('x')), 'main,x,b | ok | loaded main,x,b'],
  [
    'a layer is written in place',
    // Of another size: the times of the file may have stood still since it was looked at.
    p => writeFileSync(p.layer('10-a.yaml'), rule('xx')),
    'main,xx,b | ok | loaded main,xx,b',
  ],
  ['the main document changes', p => p.put(p.path, rule('m')), 'm,a,b | ok | loaded m,a,b'],
  [
    'all of them change at once',
    p => {
      p.put(p.path, rule('m'));
      p.put(p.layer('10-a.yaml'), rule('x'));
      p.put(p.layer('20-b.yaml'), rule('y'));
    },
    'm,x,y | ok | loaded m,x,y',
  ],
  [
    'names are in byte order',
    p => {
      for (const name of ['Z.yaml', 'é.yaml', '𝒂.yaml', '￮.yaml']) p.put(p.layer(name), rule(name[0] ?? ''));
    },
    `main,a,b,Z,é,￮,${'𝒂'[0]} | ok | loaded main,a,b,Z,é,￮,${'𝒂'[0]}`.replaceAll('𝒂'[0] ?? '', '\ufffd'),
  ],
  [
    'a layer is taken away',
    p => unlinkSync(p.layer('10-a.yaml')),
    kept('policy_layer_gone'),
    ['policy.d/10-a.yaml', /`checkrd layer drop NAME`/],
  ],
  [
    'a layer gets another name',
    p => renameSync(p.layer('10-a.yaml'), p.layer('11-a.yaml')),
    kept('policy_layer_gone'),
    ['policy.d/10-a.yaml', /was in force once/],
  ],
  [
    'the folder is taken away',
    p => rmSync(p.layer(''), { recursive: true }),
    kept('policy_layer_gone'),
    ['policy.d/10-a.yaml', /once/],
  ],
  [
    'a layer is taken away and dropped',
    p => {
      unlinkSync(p.layer('10-a.yaml'));
      assert.ok(p.drop('10-a.yaml'));
    },
    'main,b | ok | layer_drop 10-a.yaml by 7 | loaded main,b',
  ],
  ['a layer that is there is dropped', p => void p.drop('10-a.yaml'), SAME],
  [
    'a dotfile and a backup',
    p => {
      for (const name of ['.10-a.yaml.swp', '10-a.yaml~', '..data']) p.put(p.layer(name), BAD);
    },
    SAME,
  ],
  [
    'a text file',
    p => p.put(p.layer('README.txt'), 'x'),
    kept('policy_layer_name'),
    ['policy.d/README.txt', /named `\*\.yaml`/],
  ],
  [
    'a policy in JSON',
    p => p.put(p.layer('30-c.json'), rule('c')),
    kept('policy_layer_name'),
    ['policy.d/30-c.json', /`NAME\.yaml`/],
  ],
  [
    'another ending',
    p => p.put(p.layer('30-c.yml'), rule('c')),
    kept('policy_layer_name'),
    ['policy.d/30-c.yml', /yaml/],
  ],
  [
    'a line break in a name',
    p => p.put(p.layer('a\nb.yaml'), rule('c')),
    kept('policy_layer_name'),
    ['policy.d/a?b.yaml', /a\?b/],
  ],
  [
    // One character that some terminals take for the begin of a command.
    'a control character past ASCII in a name',
    p => p.put(p.layer('a\u009bb.yaml'), rule('c')),
    kept('policy_layer_name'),
    ['policy.d/a?b.yaml', /a\?b/],
  ],
  ['a folder inside', p => mkdirSync(p.layer('sub')), kept('policy_layer_name'), ['policy.d/sub', /sub/]],
  [
    'a signature without its policy',
    p => p.put(p.layer('30-c.yaml.dsse'), '{}'),
    kept('policy_layer_name'),
    ['policy.d/30-c.yaml.dsse', /that it signs/],
  ],
  [
    'a folder with the name of a layer',
    p => mkdirSync(p.layer('30-c.yaml')),
    kept('policy_not_regular'),
    ['policy.d/30-c.yaml', /a directory/],
  ],
  [
    'a link that leads nowhere',
    p => symlinkSync('nowhere', p.layer('30-c.yaml')),
    kept('policy_missing'),
    ['policy.d/30-c.yaml', /30-c/],
  ],
  [
    'a layer that does not parse',
    p => p.put(p.layer('20-b.yaml'), BAD),
    kept('unknown_key'),
    ['policy.d/20-b.yaml', /no such key/],
  ],
  ['a main document that does not parse', p => p.put(p.path, BAD), kept('unknown_key'), ['policy.yaml', /no such key/]],
  [
    'a layer that others may write',
    p => chmodSync(p.layer('20-b.yaml'), 0o666),
    kept('policy_writable_by_others'),
    ['policy.d/20-b.yaml', /chmod go-w/],
  ],
  [
    'a folder that others may write',
    p => chmodSync(p.layer(''), 0o777),
    kept('policy_writable_by_others'),
    ['policy.d', /chmod go-w/],
  ],
  [
    'a file where the folder was',
    p => {
      rmSync(p.layer(''), { recursive: true });
      writeFileSync(join(p.dir, 'policy.d'), '');
    },
    kept('policy_unreadable'),
    ['policy.d', /ENOTDIR/],
  ],
  [
    'more layers than can be asked',
    p => Array.from({ length: 63 }, (_, i) => p.put(p.layer(`l${i}.yaml`), rule(`l${i}`))),
    kept('policy_layers_too_many'),
    ['policy.d', /65 layers/],
  ],
  [
    'the main document is taken away',
    p => unlinkSync(p.path),
    kept('policy_missing'),
    ['policy.yaml', /no policy file/],
  ],
  [
    'what is remembered is spoilt, and something changes',
    p => {
      const [name] = [hash(new TextEncoder().encode(p.path)).slice(0, 16)];
      writeFileSync(join(p.dir, 'state', 'layers', `${name}.json`), '{');
      p.put(p.path, rule('m'));
    },
    kept('layers_unreadable'),
    ['policy.yaml', /is complete/],
  ],
];

suite('layers: one change each', { concurrency: 8 }, () => {
  for (const [what, act, wanted, about] of ROWS) {
    test(what, async t => {
      const p = place(t);
      const bench = p.open();
      assert.equal(bench.rules(), 'main,a,b');
      act(p);
      assert.equal(await settled(bench, p.timers, wanted), wanted);
      if (about === undefined) return;
      const [file, word] = about;
      assert.equal((bench.records.at(-1) as { path?: string }).path, join(p.dir, file));
      assert.match(bench.source.health().issue?.message ?? '', word);
    });
  }

  test('a layer that comes back ends the trouble without another load', async t => {
    const p = place(t);
    const bench = p.open();
    renameSync(p.layer('10-a.yaml'), join(p.dir, 'aside'));
    assert.equal(await settled(bench, p.timers, kept('policy_layer_gone')), kept('policy_layer_gone'));
    renameSync(join(p.dir, 'aside'), p.layer('10-a.yaml'));
    const back = 'main,a,b | ok | rejected policy_layer_gone';
    assert.equal(await settled(bench, p.timers, back), back);
  });

  test('a folder swapped by its link, as a ConfigMap is, goes live in 20 ms as one', async t => {
    const p = place(t);
    rmSync(p.layer(''), { recursive: true });
    for (const [dir, name] of [
      ['..1', 'a'],
      ['..2', 'x'],
    ] as const) {
      mkdirSync(p.layer(dir), { recursive: true });
      writeFileSync(p.layer(`${dir}/10-a.yaml`), rule(name));
      writeFileSync(p.layer(`${dir}/20-b.yaml`), rule(`${name}2`));
    }
    symlinkSync('..1', p.layer('..data'));
    for (const name of ['10-a.yaml', '20-b.yaml']) symlinkSync(join('..data', name), p.layer(name));
    const bench = p.open();
    assert.equal(bench.rules(), 'main,a,a2');
    symlinkSync('..2', p.layer('..data_tmp'));
    renameSync(p.layer('..data_tmp'), p.layer('..data'));
    bench.source.lookAgain();
    p.timers.pass(20);
    await until('live', () => bench.rules() !== 'main,a,a2');
    assert.equal(bench.rules(), 'main,x,x2');
  });

  test('a half-written layer is not read because another file is renamed into place', async t => {
    const p = place(t);
    const bench = p.open({ stateDir: null });
    const whole = `rule a\n${rule('more')}`;
    writeFileSync(p.layer('10-a.yaml'), whole.slice(0, 7));
    bench.source.lookAgain();
    p.timers.pass(500);
    p.put(p.path, rule('m'));
    bench.source.lookAgain();
    p.timers.pass(400);
    await turn();
    assert.equal(bench.rules(), 'main,a,b', 'the pause is shorter than a second');
    writeFileSync(p.layer('10-a.yaml'), whole);
    bench.source.lookAgain();
    p.timers.pass(999);
    await turn();
    assert.equal(bench.rules(), 'main,a,b');
    p.timers.pass(1);
    await until('live', () => bench.rules() !== 'main,a,b');
    assert.equal(bench.rules(), 'm,a,more,b');
    assert.deepEqual(bench.said().slice(1), ['loaded m,a,more,b']);
  });

  test('a layer that comes is not read before it has stood still for a second, however it came', async t => {
    const p = place(t);
    const bench = p.open({ stateDir: null });
    p.put(p.layer('30-c.yaml'), rule('c'));
    bench.source.lookAgain();
    p.timers.pass(999);
    assert.equal(bench.rules(), 'main,a,b');
    p.timers.pass(1);
    await until('live', () => bench.rules() !== 'main,a,b');
    assert.equal(bench.rules(), 'main,a,b,c');
  });
});

suite('layers: kept and brought back', { concurrency: 8 }, () => {
  test('the generation is named by its manifest, which is kept with every document', async t => {
    const p = place(t);
    const { source } = p.open();
    const kept = (id: string) => readFileSync(join(p.dir, 'state', 'policies', id), 'utf8');
    const manifest = `${sha(rule('main'))} policy.yaml\n${sha(rule('a'))} 10-a.yaml\n${sha(rule('b'))} 20-b.yaml\n`;
    assert.equal(source.current?.id, sha(manifest));
    assert.equal(kept(sha(manifest)), manifest);
    for (const name of ['main', 'a', 'b']) assert.equal(kept(sha(rule(name))), rule(name));
    assert.deepEqual(
      source.current?.documents.map(d => d.layer),
      [null, '10-a.yaml', '20-b.yaml'],
    );
    assert.equal(statSync(join(p.dir, 'state', 'policies', sha(manifest))).mode & 0o777, 0o600);
  });

  test('what is being kept when the source closes is kept before it has closed', async t => {
    const p = place(t);
    const { source } = p.open();
    for (const [i, name] of ['a', 'b'].entries()) p.put(p.layer(`${i + 1}0-${name}.yaml`), rule(`${name}2`));
    source.lookAgain();
    p.timers.pass(1_100);
    await turn();
    await source.close();
    const kept = readdirSync(join(p.dir, 'state', 'policies'));
    for (const name of ['a2', 'b2']) assert.ok(kept.includes(sha(rule(name))), name);
    assert.deepEqual(
      kept.filter(name => !/^[0-9a-f]{64}$/.test(name)),
      [],
    );
  });

  const whileStopped: readonly (readonly [what: string, act: (p: Place) => void, wanted: string, records: string])[] = [
    ['nothing', () => {}, 'main,a,b ok', 'loaded main,a,b'],
    [
      'a layer was removed',
      p => unlinkSync(p.layer('10-a.yaml')),
      'main,a,b policy_layer_gone',
      'rejected policy_layer_gone, loaded main,a,b',
    ],
    [
      'a layer was removed, and what was remembered too',
      p => {
        unlinkSync(p.layer('10-a.yaml'));
        rmSync(join(p.dir, 'state', 'layers'), { recursive: true });
      },
      'main,a,b policy_layer_gone',
      'rejected policy_layer_gone, loaded main,a,b',
    ],
    [
      'the folder was removed',
      p => rmSync(p.layer(''), { recursive: true }),
      'main,a,b policy_layer_gone',
      'rejected policy_layer_gone, loaded main,a,b',
    ],
    [
      'a layer was removed and dropped',
      p => {
        unlinkSync(p.layer('10-a.yaml'));
        p.drop('10-a.yaml');
      },
      'main,b ok',
      'layer_drop 10-a.yaml by 7, loaded main,b',
    ],
    ['a layer was added', p => p.put(p.layer('30-c.yaml'), rule('c')), 'main,a,b,c ok', 'loaded main,a,b,c'],
    [
      'a layer was spoilt',
      p => p.put(p.layer('10-a.yaml'), BAD),
      'main,a,b unknown_key',
      'rejected unknown_key, loaded main,a,b',
    ],
    [
      'a layer was spoilt, and one that is kept as well',
      p => {
        p.put(p.layer('10-a.yaml'), BAD);
        writeFileSync(join(p.dir, 'state', 'policies', sha(rule('b'))), rule('x'));
      },
      'null unknown_key',
      'rejected unknown_key',
    ],
    ['the main document was removed', p => unlinkSync(p.path), 'null policy_missing', 'rejected policy_missing'],
  ];
  for (const [what, act, wanted, records] of whileStopped) {
    test(`while stopped, ${what}`, async t => {
      const p = place(t);
      await p.open().source.close();
      act(p);
      const bench = p.open();
      assert.equal(`${bench.rules()} ${bench.source.health().issue?.code ?? 'ok'}`, wanted);
      assert.equal(bench.said().join(', '), records);
    });
  }

  test('a layer that comes back after it was dropped is remembered again', async t => {
    const p = place(t);
    await p.open().source.close();
    renameSync(p.layer('10-a.yaml'), join(p.dir, 'aside'));
    p.drop('10-a.yaml');
    await p.open().source.close();
    renameSync(join(p.dir, 'aside'), p.layer('10-a.yaml'));
    await p.open().source.close();
    unlinkSync(p.layer('10-a.yaml'));
    assert.equal(p.open().source.health().issue?.code, 'policy_layer_gone');
  });

  test('without a state folder a layer in force still cannot go', async t => {
    const p = place(t);
    const bench = p.open({ stateDir: null });
    unlinkSync(p.layer('10-a.yaml'));
    assert.equal(await settled(bench, p.timers, kept('policy_layer_gone')), kept('policy_layer_gone'));
  });
});

suite('layers: what others join onto', { concurrency: 8 }, () => {
  test('a set is admitted before it is parsed, envelopes and all; what was proven is in the record', async t => {
    const p = place(t);
    p.put(`${p.path}.dsse`, 'signed main');
    p.put(`${p.layer('10-a.yaml')}.dsse`, 'signed a');
    const asked: string[] = [];
    const { records } = p.open({
      admit: (set, why) => {
        const envelopes = set.documents.map(d => (d.envelope === null ? '-' : new TextDecoder().decode(d.envelope)));
        asked.push(`${why} ${envelopes}`);
        return { ok: true, facts: [{ version: 3, signedBy: 'k1,k2' }, { signedBy: 'k2' }, {}] };
      },
    });
    assert.deepEqual(asked, ['load signed main,signed a,-']);
    const [loaded] = records;
    assert.ok(loaded?.type === 'policy_loaded');
    assert.deepEqual([loaded.version, loaded.signed_by], [3, 'k1,k2']);
    const id = sha(rule('a'));
    assert.equal(readFileSync(join(p.dir, 'state', 'policies', `${id}.dsse`), 'utf8'), 'signed a');
  });

  test('what is no longer admitted stays in force, is recorded, and is not brought back by a start', async t => {
    const p = place(t);
    let revoked = false;
    const fault = new Fault('policy_not_regular', { path: p.path, got: 'a test' });
    const admit = () => (revoked ? { ok: false as const, fault } : { ok: true as const, facts: [] });
    const admittedBy = () => String(revoked);
    const bench = p.open({ admit, admittedBy });
    revoked = true;
    assert.equal(await settled(bench, p.timers, kept('policy_not_regular')), kept('policy_not_regular'));
    assert.equal(p.open({ admit, admittedBy }).rules(), null);
  });

  test('what is judged of the built generation can still refuse it', async t => {
    const p = place(t);
    const fault = new Fault('policy_not_regular', { path: p.path, got: 'a test' });
    const bench = p.open({ admit: () => ({ ok: true, facts: [], confirm: (_, live) => (live ? fault : null) }) });
    p.put(p.path, rule('m'));
    assert.equal(await settled(bench, p.timers, kept('policy_not_regular')), kept('policy_not_regular'));
  });

  test('the policy in force is built again from its own bytes', async t => {
    const p = place(t);
    const adopted: (string | undefined)[] = [];
    const { source } = p.open({ adopt: (_, next) => void adopted.push(next.id) });
    const before = source.current;
    p.put(p.path, rule('later'));
    const inForce = source.inForce;
    let swapped: string | undefined;
    const build = (set: PolicySet) => {
      assert.deepEqual(
        set.documents.map(d => new TextDecoder().decode(d.bytes)),
        [rule('main'), rule('a'), rule('b')],
      );
      return { ok: true as const, generation: { id: set.id, documents: [...(before?.documents ?? [])] } };
    };
    const outcome = await source.rebuild(inForce, build, () => {
      swapped = source.current === before ? 'too soon' : 'in one tick';
    });
    assert.equal(outcome, 'rebuilt');
    assert.equal(swapped, 'in one tick');
    assert.equal(await source.rebuild(null, build, () => assert.fail()), 'superseded');
    assert.notEqual(source.current, before);
    assert.equal(source.current?.id, before?.id);
    assert.deepEqual(adopted, [before?.id]);
  });
});
