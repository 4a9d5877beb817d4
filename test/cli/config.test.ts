/** `checkrd config`: every setting with its origin, what is locked, variables that do nothing, and no secret. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SETTING_KEYS } from '#src/core/config/keys.js';
import { cli } from '../support/cli.js';
import { tempFolder } from '../support/temp.js';

const SECRET = 'c2VjcmV0LXNlZWQtbm9ib2R5LW1heS1zZWU';

interface Said {
  ok: boolean;
  config_dir: string;
  file: string | null;
  settings: { name: string; value: unknown; from: string; place: string | null; locked: boolean; variable: string }[];
  variables: { name: string; known: boolean }[];
}

test('every setting says its value and where it was said', async t => {
  const dir = tempFolder(t);
  const file = join(dir, 'checkrd.yaml');
  const env = { CHECKRD_CONFIG_DIR: dir, CHECKRD_ENFORCE: 'false', CHECKRD_RESUME_REQUIRES: 'signed' };
  writeFileSync(
    file,
    'resume_requires: signed\naudit:\n  keep_days: 30\ndaemon: { agents: [{ id: crm, group: g }] }\n',
  );
  const { code, out } = await cli(['config'], { env });
  assert.equal(code, 0);
  const line = (name: string) =>
    out
      .split('\n')
      .find(one => one.startsWith(`${name} `))
      ?.replaceAll(/ {2,}/g, ' | ');
  assert.equal(line('resume_requires'), `resume_requires | signed | ${file}:1:18, locked`);
  assert.equal(line('audit.keep_days'), `audit.keep_days | 30 | ${file}:3:14`);
  assert.equal(line('daemon.agents'), `daemon.agents | crm:g | ${file}:4:19`);
  assert.equal(line('enforce'), 'enforce | false | $CHECKRD_ENFORCE');
  assert.equal(line('policy'), `policy | ${dir}/policy.yaml | default`);
  assert.equal(line('log.file'), 'log.file | none | default');
  assert.equal(line('note: $CHECKRD_CONFIG_DIR'), 'note: $CHECKRD_CONFIG_DIR is set');

  const said = JSON.parse((await cli(['config', '--json'], { env })).out) as Said;
  assert.deepEqual([said.ok, said.config_dir, said.file], [true, dir, file]);
  assert.deepEqual(
    said.settings.map(row => row.name),
    SETTING_KEYS.map(key => key.name),
  );
  assert.deepEqual(said.settings[0], {
    name: 'agent_id',
    value: null,
    from: 'default',
    place: null,
    locked: false,
    variable: 'CHECKRD_AGENT_ID',
  });
  assert.deepEqual(said.settings.find(row => row.name === 'audit.keep_days')?.value, 30);
});

test('a variable that does nothing is named, and the value of none is shown that is no setting', async t => {
  const env = { CHECKRD_CONFIG_DIR: tempFolder(t), CHECKRD_AGENT_KEY: SECRET, CHECKRD_TOKEN_OF_NOBODY: SECRET };
  for (const json of [[], ['--json']]) {
    const { code, out, err } = await cli(['config', ...json], { env });
    assert.equal(code, 1);
    assert.doesNotMatch(out + err, new RegExp(SECRET));
    assert.match(out, /CHECKRD_TOKEN_OF_NOBODY/);
  }
  const { out } = await cli(['config'], { env });
  assert.match(out, /^wrong: \$CHECKRD_TOKEN_OF_NOBODY is no setting and does nothing$/m);
  assert.match(out, /^note: \$CHECKRD_AGENT_KEY is set$/m);
  assert.match(out, /^settings file +none$/m);
});

test('settings that do not hold are 2, with the place; what a terminal would obey is not printed', async t => {
  const dir = tempFolder(t);
  writeFileSync(join(dir, 'checkrd.yaml'), 'require_signature: true\n');
  const env = { CHECKRD_CONFIG_DIR: dir };
  const locked = await cli(['config'], { env: { ...env, CHECKRD_REQUIRE_SIGNATURE: 'false' } });
  assert.equal(locked.code, 2);
  assert.match(locked.err, /\$CHECKRD_REQUIRE_SIGNATURE: .* cannot be changed here/);
  const near = await cli(['config', '--json'], { env: { ...env, CHECKRD_POLICI: 'x' } });
  assert.equal(near.code, 2);
  assert.match(near.out, /CHECKRD_POLICY/);
  const odd = await cli(['config'], { env: { ...env, CHECKRD_POLICY: '/p\u001b[2J' } });
  assert.equal(odd.code, 0);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  assert.doesNotMatch(odd.out, /[\x00-\x09\x0b-\x1f]/);
  assert.equal((await cli(['config', 'x'], { env })).code, 64);
});
