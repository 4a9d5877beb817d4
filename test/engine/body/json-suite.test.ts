import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BodyEngine, JSON_TYPE, TRUE, UNKNOWN } from '../../support/body-engine.js';

const folder = join(process.env.CHECKRD_VECTORS ?? join(process.cwd(), '..', 'shared', 'vectors'), 'json');
const missing = existsSync(folder) ? false : `no vectors at ${folder}`;
const engine = (await BodyEngine.make()).program([{ path: [], test: { exists: true } }]);

test('JSONTestSuite: what must parse is read, what must not is UNKNOWN', { skip: missing }, () => {
  const wrong: string[] = [];
  let seen = 0;
  for (const name of readdirSync(folder)) {
    if (!/^[yn]_.*\.json$/.test(name)) continue;
    const body = readFileSync(join(folder, name));
    if (body.length === 0) continue; // Zero bytes is no body.
    seen++;
    const [answer] = engine.judge({ body, type: JSON_TYPE });
    if (answer !== (name.startsWith('y_') ? TRUE : UNKNOWN)) wrong.push(`${name}: ${answer}`);
  }
  assert.deepEqual(wrong, []);
  assert.ok(seen > 270, `${seen} files`);
});
