// T-84 of THREAT-MODEL.md: what every engine must answer before it may decide.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { CORPUS_PATH, differenceFrom, readCorpus } from '#src/agent/engine/corpus.js';
import { engineModule } from '../../support/engine.js';
import {
  askedOf,
  corpusText,
  MUST_SHOW,
  makeCorpus,
  reference,
  saidText,
  shows,
} from '../../support/make-engine-corpus.js';

const SOURCE = 'engine/corpus.jsonl';
const WRITE = process.env.CHECKRD_WRITE_CORPUS === '1';

if (WRITE) writeFileSync(SOURCE, corpusText(makeCorpus()));
const corpus = readCorpus(SOURCE);

test('the corpus that ships is the one of the sources', { skip: WRITE && 'it is being written' }, () => {
  assert.equal(readFileSync(CORPUS_PATH, 'utf8'), readFileSync(SOURCE, 'utf8'));
});

test('its answers are the reference’s, and show every code and every matcher', t => {
  const seen = new Set<string>();
  let asks = 0;
  for (const one of corpus) {
    const oracle = reference(one);
    for (const ask of one.asks) {
      const [, , , , , , agent, atMs, answer, times = 1] = ask;
      for (let n = 1; n < times; n++) oracle.decide(askedOf(ask), agent.replace('{n}', String(n - 1)), atMs);
      const said = oracle.decide(askedOf(ask), agent.replace('{n}', String(times - 1)), atMs);
      assert.equal(saidText(said), answer);
      for (const key of shows(one, said, askedOf(ask))) seen.add(key);
      asks += 1;
    }
  }
  t.diagnostic(`${corpus.length} cases, ${asks} requests`);
  assert.ok(asks >= 200);
  assert.deepEqual(
    MUST_SHOW.filter(key => !seen.has(key)),
    [],
  );
});

test('the pinned engine answers so, with its counters carried to and fro as well', () => {
  assert.equal(differenceFrom(corpus, engineModule(), engineModule()), null);
});
