/** What the library says of files that its own process could change. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { asNobody, giveAway } from '../support/as-nobody.js';
import { Home } from '../support/home.js';
import { notRoot } from '../support/nobody.js';

const START = `
  import { Checkrd } from '${process.cwd()}/dist/index.js';
  for (const agentId of ['a', 'b']) {
    const checkrd = new Checkrd({ agentId });
    console.log(checkrd.healthy().state);
    await checkrd.close();
  }`;
const FILES = { 'policy.yaml': 'default: deny\nrules: []\n' };
const WARNING = /CheckrdWarning: the agent's own user could change what binds it: `[^`]*` and \d+ more/g;

test('the library warns once where its own user could write policy or switch, and stays well', t => {
  const home = new Home(FILES);
  t.after(() => home.remove());
  giveAway(home.dir);
  const { out, err } = asNobody(START, { CHECKRD_CONFIG_DIR: home.dir });
  assert.equal(out, 'ok\nok\n', err);
  assert.equal(err.match(WARNING)?.length, 1, err);
});

test('nothing is warned of where it is said to be meant', t => {
  const home = new Home({ ...FILES, 'checkrd.yaml': 'require_separation: false\n' });
  t.after(() => home.remove());
  giveAway(home.dir);
  const { out, err } = asNobody(START, { CHECKRD_CONFIG_DIR: home.dir });
  assert.equal(out, 'ok\nok\n', err);
  assert.equal(err, '');
});

test('nothing is warned of where only root could', { skip: notRoot }, t => {
  const home = new Home(FILES);
  t.after(() => home.remove());
  const own = new Home();
  t.after(() => own.remove());
  chmodSync(home.dir, 0o755);
  home.write('kill/killswitch.d/.keep', '');
  giveAway(own.dir);
  const { out, err } = asNobody(START, {
    CHECKRD_CONFIG_DIR: home.dir,
    CHECKRD_KILLSWITCH: home.path('kill/killswitch'),
    CHECKRD_STATE_DIR: own.path('state'),
    CHECKRD_KEYS_DIR: own.path('keys'),
    CHECKRD_AUDIT_PATH: own.path('audit/a.jsonl'),
  });
  assert.equal(out, 'ok\nok\n', err);
  assert.doesNotMatch(err, /own user/);
});
