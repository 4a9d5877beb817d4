/** The rooms and what each may import. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { ROOMS } from './support/rooms.js';

const HARD_LIMIT_CHARS = 16_384;

const MAY = ROOMS;

/** An edge knows the agent by its promises, not by its parts. */
const AGENT_FACE = /^agent\/(types|errors|coverage)\.ts$/;
/** The edges that stand in the way of Node's own network modules have to name them. */
const PATCHES = /^transports\/(datagrams|http2|names|native|node-http|sockets|undici)\//;
const NETWORK = /^(node:)?(http|http2|https|tls|net|dns|dgram|inspector|cluster)(\/|$)/;

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
const IMPORT = /(?:^|\n)\s*(?:import|export)\b[^'"]*?\bfrom\s*['"]([^'"\n]+)['"]|\bimport\s*\(?\s*['"]([^'"\n]+)['"]/g;
const specifiers = (text: string): string[] =>
  [...withoutComments(text).matchAll(IMPORT)].map(m => (m[1] ?? m[2]) as string);

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter(f => f.endsWith('.ts') && !f.endsWith('.d.ts'))
  .sort();

const roomOf = (file: string): string => file.split('/')[0] as string;
const source = (file: string): string => readFileSync(join('src', file), 'utf8');
const target = (file: string, spec: string): string => normalize(join(dirname(file), spec)).replace(/\.js$/, '.ts');

test('the tree is not empty and every room is in the table', () => {
  assert.ok(files.length > 20);
  for (const file of files) assert.ok(roomOf(file) in MAY, `src/${file}: no row for the room ${roomOf(file)}`);
});

for (const file of files) {
  test(`layers: ${file}`, () => {
    const text = source(file);
    const room = roomOf(file);
    assert.ok(text.length <= HARD_LIMIT_CHARS, `${text.length} characters; split it by topic`);
    for (const spec of specifiers(text)) {
      if (!spec.startsWith('.')) {
        if (room !== 'daemon' && room !== 'handover' && !PATCHES.test(file))
          assert.doesNotMatch(spec, NETWORK, `${room}/ opens no network (${spec})`);
        if (room === 'core') assert.equal(spec, 'yaml', `core/ may import only yaml, not ${spec}`);
        continue;
      }
      const to = target(file, spec);
      const toRoom = roomOf(to);
      assert.ok(toRoom === room || MAY[room]?.includes(toRoom), `${room}/ must not import ${toRoom}/ (${spec})`);
      if (room === 'transports' && toRoom === 'agent')
        assert.match(to, AGENT_FACE, 'an edge sees the agent’s face only');
    }
    if (room === 'core') {
      const code = withoutComments(text);
      assert.doesNotMatch(
        code,
        /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\b|\basync\s+(?:function|\(|\w+\s*(?:\(|=>))|\basync\(|\bawait\b/,
      );
    }
  });
}

/** Everything `file` reaches, itself included. */
function closure(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const spec of specifiers(source(file))) if (spec.startsWith('.')) closure(target(file, spec), seen);
  return seen;
}

test('the page reaches nothing that a browser does not have', () => {
  for (const file of closure('page/page.ts')) {
    for (const spec of specifiers(source(file)))
      if (!spec.startsWith('.')) assert.match(spec, /^(@noble\/(ed25519|hashes\/sha2\.js)|fzstd)$/, `src/${file}`);
  }
});

test('what verifies a log, or an installation, reaches no code that writes one', () => {
  // Threads are started by name and not by import.
  for (const checks of [
    'cli/verify',
    'cli/reconcile',
    'cli/digest-worker',
    'cli/prove',
    'cli/export-check',
    'cli/doctor',
    'page/page',
  ]) {
    const entry = `${checks}.ts`;
    assert.ok(existsSync(join('src', entry)));
    for (const file of closure(entry)) {
      assert.doesNotMatch(
        source(file),
        /\b(writeSync|writeFile(Sync)?|appendFile(Sync)?|createWriteStream|ftruncate(Sync)?|renameSync|unlinkSync)\b/,
        `src/${file} writes, and ${entry} reaches it`,
      );
    }
  }
});

test('rooms do not import each other in a circle', () => {
  for (const file of files) {
    const room = roomOf(file);
    for (const reached of closure(file)) {
      if (roomOf(reached) === room) continue;
      for (const spec of specifiers(source(reached))) {
        if (spec.startsWith('.'))
          assert.notEqual(roomOf(target(reached, spec)), room, `${reached} leads back to ${room}`);
      }
    }
  }
});

test('test files that share a process leave it as they found it', () => {
  const [, rooms = ''] = /^const SHARED = \[(.*)\];$/m.exec(readFileSync(join('test', 'run.mjs'), 'utf8')) ?? [];
  const shared = [...rooms.matchAll(/'(\w+)'/g)].map(([, room]) => room as string);
  assert.ok(shared.length > 2);
  const alters =
    /^(beforeEach|afterEach)\(|\bmock\.|\bprocess\.(chdir|exit|on|once)\(|\bprocess\.exitCode\b|\bprocess\.env[\w.[\]']* = |\bglobalThis\.\w+ = |\bsetFlagsFromString\b/m;
  for (const room of shared) {
    for (const name of readdirSync(join('test', room), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.test.ts')) continue;
      const [found = null] = alters.exec(withoutComments(readFileSync(join('test', room, name), 'utf8'))) ?? [];
      assert.equal(found, null, `test/${room}/${name}`);
    }
  }
});
