import { test } from 'node:test';
import { notRoot } from '../support/nobody.js';
import { soaked } from '../support/soak/soak.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const minutes = Number(process.env.MINUTES ?? 30);

test(`${minutes} minutes, turned over each minute by logrotate (seed ${seed})`, { skip: notRoot }, async t => {
  const soak = { seconds: minutes * 60, perSecond: 1000, seed, turnEveryMs: 60_000, by: 'logrotate' } as const;
  const got = await soaked(t, soak);
  if (process.env.KEEP) {
    const fs = await import('node:fs');
    fs.cpSync(got.folder, process.env.KEEP, { recursive: true });
    fs.writeFileSync(`${process.env.KEEP}/soaked.json`, JSON.stringify(got));
  }
});
