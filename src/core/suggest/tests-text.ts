/**
 * Tests of a proposed policy: one call of each family passes, a host and a tool that nobody called do not.
 *
 *   in   : the families and the names of their rules
 *   out  : `tests:` in YAML
 *   never: holds what the log folded; makes the policy too large to load
 */
import { utf8 } from '../bytes.js';
import type { Family } from './families.js';
import { quotedText } from './shown.js';

/** Tests of long addresses could be more than a policy may have. */
const TESTS_MAX_BYTES = 1_000_000;

export function testsText(list: readonly Family[], names: readonly string[], agent: string | null): string {
  const by = agent === null ? '' : `, agent: ${quotedText(agent)}`;
  let left = TESTS_MAX_BYTES;
  const passing = list.map((family, i) => passes(family, names[i] ?? family.name, by));
  const kept = passing.filter(text => {
    left -= utf8(text).length;
    return left >= 0;
  });
  const refused = [
    denied('a host that was not called', `url: ${quotedText(`https://${unseen(list, 'url')}/`)}${by}`),
    denied('a tool that was not called', `tool: ${quotedText(unseen(list, 'tool'))}${by}`),
  ];
  const without = list.length - kept.length;
  const note = without === 0 ? '' : `# ${without} rules have no test here, since their addresses are long.\n`;
  return `\n${note}tests:\n${[...kept, ...refused].join('')}`;
}

function passes({ kind, example, methods }: Family, name: string, by: string): string {
  const [method = 'GET'] = [...methods.keys()].sort();
  const asked =
    kind === 'tool' ? `tool: ${quotedText(example)}` : `method: ${quotedText(method)}, url: ${quotedText(example)}`;
  return entry(name, `${asked}${by}`, '{ result: allow, code: rule_allowed }');
}

const denied = (name: string, asked: string): string => entry(name, asked, '{ result: deny, code: default_denied }');

function entry(name: string, asked: string, expect: string): string {
  return `  - name: ${quotedText(name)}\n    request: { ${asked} }\n    expect: ${expect}\n`;
}

function unseen(list: readonly Family[], kind: Family['kind']): string {
  const seen = new Set(list.map(({ host, example }) => (kind === 'url' ? host : example)));
  const [start, end] = kind === 'url' ? ['not-called', '.invalid'] : ['not_called', ''];
  for (let n = 0; ; n++) {
    const name = `${start}${n === 0 ? '' : n}${end}`;
    if (!seen.has(name)) return name;
  }
}
