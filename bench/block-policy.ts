import { task } from './peers.js';

/** The rules of the decision bench as YAML in block mappings, as people write them. */
export function blockPolicy(rules: number): string {
  const lines = task(rules).rules.map(
    ({ method, host, path }, i) =>
      `  - name: rule-${i}\n    allow:\n      method: [${method}]\n      url: "https://${host}/${path.join('/')}"\n`,
  );
  return `default: deny\nrules:\n${lines.join('')}`;
}
