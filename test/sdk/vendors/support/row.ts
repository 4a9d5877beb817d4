/** The row of docs/sdks/README.md for one page: what the tests have found, spelled out. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableUnder } from '../../../support/fenced.js';
import { PACKAGES, type Page } from './vendor.js';

const INDEX = 'docs/sdks/README.md';

export function checkRow<Client>(page: Page<Client>): void {
  const link = `[${page.name}](${page.name}.md)`;
  const row = tableUnder(INDEX, '## Models').find(([first]) => first === link);
  const { thrown, answered } = page;
  assert.deepEqual(row, [
    link,
    versionsOf(page),
    `\`${page.takes}\``,
    `\`${page.instrument}()\``,
    page.keepsFetch ? 'hand it in' : 'guarded',
    `\`${thrown.error}\`, ${thrown.tries === 1 ? '1 try' : `${thrown.tries} tries`}`,
    `\`${answered.error}\``,
  ]);
}

/** From the lockfile's own manifest. */
function versionsOf<Client>(page: Page<Client>): string {
  const { dependencies } = JSON.parse(readFileSync(join(PACKAGES, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const versions = new Set<string>();
  for (const { packages, needsNode } of page.vendors) {
    const from = needsNode === undefined ? '' : ` (Node ≥ ${needsNode})`;
    for (const [name, under] of Object.entries(packages)) {
      versions.add(`\`${name}\` ${dependencies[under]?.replace(/^npm:.*@/, '')}${from}`);
    }
  }
  return [...versions].join(', ');
}
