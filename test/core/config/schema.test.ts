/** The schema of the settings against the reader: they agree wherever a schema can say it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { starterSettings } from '#src/cli/starter.js';
import { SETTING_KEYS, type SettingKind } from '#src/core/config/keys.js';
import { resolveSettings } from '#src/core/config/resolve.js';
import { settingsSchema } from '#src/core/config/schema.js';
import { SETTING_VALUES } from '#src/core/config/values.js';

const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(settingsSchema());
const resolved = (text: string, env: Readonly<Record<string, string>> = {}) =>
  resolveSettings({
    face: 'operator',
    options: {},
    env,
    file: { path: '/c/checkrd.yaml', text },
    configDir: '/c',
    home: '/h',
    cwd: '/w',
  });

function both(text: string, takes: boolean): void {
  const read = resolved(text);
  assert.equal(read.ok, takes, `${text}: the reader ${JSON.stringify(read.ok ? '' : read.issues)}`);
  assert.equal(validate(parse(text)), takes, `${text}: the schema ${JSON.stringify(validate.errors)}`);
}

const GOOD: Readonly<Record<SettingKind['is'], readonly string[]>> = {
  path: ['a/b', '"7"', '/x'],
  path_or_false: ['a/b', 'false'],
  boolean: ['true', 'false'],
  integer: [],
  choice: [],
  agent_id: ['crm', '12', '"a.b-c_d"'],
  group: ['agents', '54321'],
  loopback: ['127.0.0.1:9464', '"[::1]:1"', '127.255.0.9:65535'],
  agents: ['[]', '[{ id: a }]', '[{ id: a, group: 12 }, { id: 7, group: g }]'],
};
const BAD: Readonly<Record<SettingKind['is'], readonly string[]>> = {
  path: ['""', '7', 'true', '[a]', '{ a: 1 }', '"a\\0b"'],
  path_or_false: ['""', 'true', '7', '[]'],
  boolean: ['"true"', '1', 'yes', '[]'],
  integer: ['"5"', '1.5', '-1', 'x', 'true', '99999999999999999'],
  choice: ['nonsense', '1', 'true', '[]'],
  agent_id: ['""', '-x', 'a/b', 'true', '-1', '[a]'],
  group: ['""', '-x', 'a b', 'true', '[a]'],
  loopback: [
    '""',
    '0.0.0.0:9464',
    '127.0.0.1',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    'localhost:9464',
    '128.0.0.1:80',
    '"[::]:80"',
    '9464',
  ],
  agents: [
    'a',
    '{ id: a }',
    '[a]',
    '[{ group: g }]',
    '[{ id: a, grup: g }]',
    '[{ id: "a/b" }]',
    '[{ id: a, group: -x }]',
  ],
};

test('both take, and both refuse, each value of each setting', () => {
  for (const { name, kind } of SETTING_KEYS) {
    const [first, second] = name.split('.');
    const line = (value: string) => (second === undefined ? `${first}: ${value}` : `${first}: { ${second}: ${value} }`);
    const good =
      kind.is === 'integer' ? [String(kind.min), String(kind.max)] : kind.is === 'choice' ? kind.of : GOOD[kind.is];
    // What is refused for another setting's sake, no schema can say.
    const sound = good.filter(value => resolved(line(value)).ok || !['async', 'true'].includes(value));
    for (const value of sound) both(line(value), true);
    for (const value of [...BAD[kind.is], 'null']) both(line(value), false);
  }
});

test('both take a file of comments, and refuse what is no setting', () => {
  both(starterSettings(), true);
  both('', true);
  for (const text of ['nonsense: 1', 'audit: { pth: a }', 'audit: a', 'audit:', '[]', 'policy', 'daemon: []'])
    both(text, false);
});

test('each setting has a value by its name, and says where it comes from', () => {
  assert.deepEqual(
    Object.keys(SETTING_VALUES),
    SETTING_KEYS.map(key => key.name),
  );
  for (const { name, env, kind, lock } of SETTING_KEYS) {
    const value = {
      integer: kind.is === 'integer' ? String(kind.max) : '',
      path: '/p',
      path_or_false: '/p',
      boolean: 'true',
      agent_id: 'crm',
      group: 'ops',
      loopback: '127.0.0.1:9464',
      agents: 'a:g',
      choice: kind.is === 'choice' ? (kind.of.find(one => one !== 'async') ?? '') : '',
    }[kind.is];
    const sound = name === 'weakening_guard' ? 'require_signature: true\n' : '';
    const said = resolved(sound, { [env]: value });
    assert.ok(said.ok, name);
    assert.deepEqual(said.origins.get(name), { from: 'environment', place: `$${env}`, locked: false });
    const got = SETTING_VALUES[name]?.(said.settings);
    assert.deepEqual(
      typeof got === 'object' ? got : String(got),
      kind.is === 'agents' ? [{ id: 'a', group: 'g' }] : value,
    );
    if (lock !== 'said' || kind.is === 'agents') continue;
    const [first, second] = name.split('.');
    const text = second === undefined ? `${first}: ${value}` : `${first}:\n  ${second}: ${value}`;
    const locked = resolved(text, { [env]: value });
    assert.ok(locked.ok, name);
    const origin = locked.origins.get(name);
    // The variable that repeats it is not where it comes from.
    assert.deepEqual([origin?.from, origin?.locked], ['file', true], name);
    assert.match(origin?.place ?? '', /^\/c\/checkrd\.yaml:\d+:\d+$/);
  }
});
