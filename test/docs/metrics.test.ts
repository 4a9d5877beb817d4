/**
 * docs/metrics.md has the table of metrics as it is; dashboard and alerts name no metric that is not in it, each alert has its section
 * and its tests. `CHECKRD_WRITE_DOCS=1` writes the table anew.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { METRICS } from '#src/core/metrics/table.js';
import { tableUnder } from '../support/fenced.js';

const PATH = 'docs/metrics.md';
const alerts = readFileSync('examples/prometheus/alerts.yml', 'utf8');
const dashboard = readFileSync('examples/grafana/checkrd.json', 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly docs: string };
}
const rules = (parse(alerts) as { groups: { rules: Rule[] }[] }).groups.flatMap(group => group.rules);

test('the table is that of the source', () => {
  const rows = METRICS.map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map(label => `\`${label}\``).join(', '),
    help,
  ]);
  if (process.env.CHECKRD_WRITE_DOCS === '1') {
    const text = rows.map(row => `| ${row.join(' | ')} |\n`).join('');
    const table = /(\n## Table\n.*?\n\| -[^\n]*\n)(?:\|[^\n]*\n)*/s;
    writeFileSync(
      PATH,
      readFileSync(PATH, 'utf8').replace(table, (_all, head) => head + text),
    );
  }
  assert.deepEqual(tableUnder(PATH, '## Table'), rows);
});

test('names and units are as Prometheus has them', () => {
  for (const { name, type } of METRICS) {
    assert.match(name, /^(checkrd|process)_[a-z_]+$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
  }
  assert.equal(new Set(METRICS.map(({ name }) => name)).size, METRICS.length);
});

/** Every name in it that looks like a metric of ours, without the endings of a histogram. */
function named(text: string): Set<string> {
  const found = text.match(/\b(?:checkrd|process)_[a-z_]+\b/g) ?? [];
  return new Set(found.map(name => name.replace(/_(bucket|sum|count)$/, '')));
}

test('dashboard and alerts name metrics that exist', () => {
  const known = new Set(METRICS.map(({ name }) => name));
  const queries = [...dashboard.matchAll(/"(?:expr|query)": "((?:[^"\\]|\\.)*)"/g)].map(match => match[1] ?? '');
  assert.ok(queries.length > 20);
  for (const name of [...named(queries.join('\n')), ...named(rules.map(rule => rule.expr).join('\n'))])
    assert.ok(known.has(name), name);
});

test('each alert has its section, by name, and is tried both ways', () => {
  const docs = readFileSync(PATH, 'utf8');
  const tried = (
    parse(readFileSync('examples/prometheus/alerts.test.yml', 'utf8')) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    }
  ).tests.flatMap(one => one.alert_rule_test);
  for (const { alert, annotations } of rules) {
    assert.ok(docs.includes(`\n### ${alert}\n`), alert);
    assert.equal(annotations.docs, `docs/metrics.md#${alert.toLowerCase()}`);
    const ways = tried.filter(({ alertname }) => alertname === alert).map(({ exp_alerts }) => exp_alerts.length > 0);
    assert.deepEqual(ways, [true, false], alert);
  }
  const sections = docs.match(/^### Checkrd.*$/gm) ?? [];
  assert.equal(sections.length, rules.length);
});
