/** `policy show` and `policy diff`: archived policies read. */
import { fromUtf8 } from '../core/bytes.js';
import { changeText } from '../core/policy/compare/change.js';
import { comparePolicies } from '../core/policy/compare/compare.js';
import { unifiedDiff } from '../core/policy/compare/line-diff.js';
import { policyFormat, readPolicy } from '../core/policy/read.js';
import type { PolicyDocument, PolicySet } from '../disk/policy-set.js';
import { type Args, Misuse } from './args.js';
import { type CliIo, EXIT } from './io.js';
import { readArchive } from './policy-archive.js';

const MAIN = '';
const textOf = ({ bytes }: PolicyDocument): string => fromUtf8(bytes) ?? '';

export async function showPolicy(given: Args, io: CliIo): Promise<number> {
  const archive = readArchive(given, io);
  const { id, documents } = archive.set(archive.named(given.words[1] ?? ''));
  const file = given.text('file');
  if (file !== null && !documents.some(({ name }) => name === file)) {
    throw new Misuse(`it has no file '${file}'`, `it has ${documents.map(({ name }) => name).join(', ')}`);
  }
  const shown = documents.filter(({ name }) => file === null || name === file);
  if (given.on('json')) {
    const list = shown.map(document => ({ file: document.name, sha256: document.sha256, text: textOf(document) }));
    io.out(JSON.stringify({ ok: true, id, documents: list }));
  } else if (shown.length === 1) for (const one of shown) await io.write(textOf(one));
  // Comments, so that what is printed names its files and each part is still a policy.
  else for (const one of shown) await io.write(`# ${one.name}  sha256 ${one.sha256}\n${textOf(one)}`);
  return EXIT.ok;
}

interface Compared {
  /** Null: the main policy. */
  readonly layer: string | null;
  readonly change: 'added' | 'removed' | 'changed';
  /** What is said of it, a line each. */
  readonly lines: readonly string[];
}

export function diffPolicies(given: Args, io: CliIo): number {
  const archive = readArchive(given, io);
  const [before, after] = [1, 2].map(i => archive.set(archive.named(given.words[i] ?? ''))) as [PolicySet, PolicySet];
  const [olds, news] = [byLayer(before), byLayer(after)];
  const compared: Compared[] = [];
  for (const key of new Set([...olds.keys(), ...news.keys()])) {
    const [old, next] = [olds.get(key), news.get(key)];
    if (old?.sha256 === next?.sha256) continue;
    const change = old === undefined ? 'added' : next === undefined ? 'removed' : 'changed';
    const lines = given.on('text')
      ? unifiedDiff(old === undefined ? '' : textOf(old), next === undefined ? '' : textOf(next))
      : old !== undefined && next !== undefined
        ? wordsOf(old, next)
        : [];
    compared.push({ layer: key === MAIN ? null : key, change, lines });
  }
  if (given.on('json')) io.out(JSON.stringify({ ok: true, before: before.id, after: after.id, documents: compared }));
  else if (compared.length === 0) io.out('the same policies');
  else {
    for (const { layer, change, lines } of compared) {
      io.out(`${layer === null ? 'the policy' : `layer ${layer}`}: ${change}`);
      for (const line of lines) io.out(given.on('text') ? line : `  ${line}`);
    }
  }
  return compared.length === 0 ? EXIT.ok : EXIT.no;
}

/** The main document is one whatever it is called. */
function byLayer({ documents }: PolicySet): ReadonlyMap<string, PolicyDocument> {
  return new Map(documents.map(document => [document.isLayer ? document.name : MAIN, document]));
}

function wordsOf(old: PolicyDocument, next: PolicyDocument): readonly string[] {
  const [before, after] = [old, next].map(({ bytes, path }) => readPolicy(bytes, policyFormat(path)));
  if (!before?.ok || !after?.ok) return ['one of the two does not load any more; --text compares them all the same'];
  const { changes, weaker } = comparePolicies(before.policy, after.policy, next.isLayer ? 'layer' : 'main');
  if (changes.length === 0) return ['nothing that decides is changed'];
  return [...changes.map(changeText), `together: ${weaker ? 'it may let more pass' : 'it lets no more pass'}`];
}
