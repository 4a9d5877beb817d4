/** T-75 of THREAT-MODEL.md: a set of files is read as of one moment. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { policyPlace, readSet } from '#src/disk/policy-set.js';
import { tempFolder } from '../support/temp.js';

const changes: readonly (readonly [what: string, act: (put: (name: string) => void, dir: string) => void])[] = [
  ['a file read already', put => put('policy.yaml')],
  ['a file read later', put => put('policy.d/b.yaml')],
  ['a layer that comes', put => put('policy.d/c.yaml')],
  ['a layer that goes', (_, dir) => unlinkSync(join(dir, 'policy.d/b.yaml'))],
  ['an envelope that comes', put => put('policy.d/a.yaml.dsse')],
  ['an odd file that comes', put => put('policy.d/README')],
  ['an envelope read later', put => put('policy.yaml.dsse')],
];

for (const [what, act] of changes) {
  test(`a set is not taken when it changes while it is read: ${what}`, async t => {
    const dir = tempFolder(t);
    const put = (name: string) => {
      writeFileSync(join(dir, 'new'), `${name}\n`);
      renameSync(join(dir, 'new'), join(dir, name));
    };
    mkdirSync(join(dir, 'policy.d'));
    for (const name of ['policy.yaml', 'policy.yaml.dsse', 'policy.d/a.yaml', 'policy.d/b.yaml']) put(name);
    const place = policyPlace(join(dir, 'policy.yaml'));
    const whole = await readSet(place, { operatorsGid: null });
    assert.deepEqual(
      whole.files.map(f => f.name),
      ['policy.yaml', 'a.yaml', 'b.yaml'],
    );
    // It has listed the files and opened the first when this returns.
    const reading = readSet(place, { operatorsGid: null });
    act(put, dir);
    await assert.rejects(reading, { code: 'policy_changed_while_read' });
  });
}
