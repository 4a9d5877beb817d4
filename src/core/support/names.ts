/**
 * Names that stay on the machine, and what stands for them.
 *
 * A path of a package install is everybody's and stays; of any other only that it is the same one again is told, and its last
 * part where that is one of ours. Agents become a hash with a salt that is made for one bundle and kept nowhere.
 */
import type { Names } from './pick.js';

const OURS = [
  '/etc/checkrd',
  '/var/lib/checkrd',
  '/var/lib/checkrd-agent',
  '/var/log/checkrd',
  '/run/checkrd',
] as const;
const KNOWN_NAMES: ReadonlySet<string> = new Set([
  ...[
    'checkrd.yaml',
    'policy.yaml',
    'policy.json',
    'policy.d',
    'killswitch',
    'killswitch.d',
    'checkrd.sock',
    'engine.wasm',
  ],
  ...['keys', 'state', 'approvals', 'trust', 'audit', 'agent', 'daemon.jsonl', 'audit.jsonl', 'machine-id'],
]);

/** @param hash of the agent's ID, hexadecimal; null: names may leave */
export function namesFor(hash: ((id: string) => string) | null): Names {
  if (hash === null) return { path: path => path, agent: id => id };
  const folders = new Map<string, string>();
  const standsFor = (folder: string): string => {
    const known = folders.get(folder) ?? `<folder-${folders.size + 1}>`;
    folders.set(folder, known);
    return known;
  };
  return {
    agent: id => (id === '*' ? id : `agent-${hash(id).slice(0, 12)}`),
    path: path => {
      const cut = path.lastIndexOf('/');
      const [folder, name] = [path.slice(0, cut), path.slice(cut + 1)];
      const last = KNOWN_NAMES.has(name) ? name : '<name>';
      if ((OURS as readonly string[]).includes(path)) return path;
      const root = (OURS as readonly string[]).find(ours => folder === ours);
      return `${root ?? standsFor(folder)}/${last}`;
    },
  };
}
