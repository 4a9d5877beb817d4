import { type Args, Misuse } from './args.js';
import { CONFIG, ID, TEXT } from './flags.js';
import type { CliIo, Command } from './io.js';
import { listPolicies } from './policy-list.js';
import { resetVersion } from './policy-reset.js';
import { rollbackPolicy } from './policy-rollback.js';
import { diffPolicies, showPolicy } from './policy-show.js';

interface Act {
  readonly words: readonly [min: number, max: number];
  /** Flags that go with it, beside --config and --json. */
  readonly flags: readonly string[];
  readonly run: (given: Args, io: CliIo) => number | Promise<number>;
}

const ACTS: Readonly<Record<string, Act>> = {
  list: { words: [1, 1], flags: [], run: listPolicies },
  show: { words: [2, 2], flags: ['file'], run: showPolicy },
  diff: { words: [3, 3], flags: ['text'], run: diffPolicies },
  rollback: { words: [2, 2], flags: ['dry-run'], run: rollbackPolicy },
  'reset-version': { words: [1, 2], flags: ['reason'], run: resetVersion },
};

const TEXTS = ['file', 'reason'];
const SWITCHES = ['text', 'dry-run'];

export const policy: Command = {
  name: 'policy',
  summary: 'the policies that were in force: list, show, compare, put one back; forget a version',
  synopsis: [
    'list [--config FILE] [--json]',
    'show ID [--file NAME] [--config FILE] [--json]',
    'diff ID ID [--text] [--config FILE] [--json]',
    'rollback ID [--dry-run] [--config FILE] [--json]',
    'reset-version [FILE-NAME] [--reason TEXT] [--config FILE] [--json]',
  ],
  about: `
Each policy that goes live is kept in the state folder, with its layers and signatures. ID is \`current\`, or the
beginning of what records name as \`policy_sha256\`. Run it as root, or as the user who owns the state folder.`,
  acts: {
    list: 'newest first; when it was last live is what the logs say, as they stand',
    show: 'prints the policy; with layers each file in turn, or the one that --file names',
    diff: 'what the second changes, in words',
    rollback:
      'puts the files back where they stood, each by a rename, with their envelopes; a running process takes them as any change. What is damaged, would be refused (signatures, versions, its own tests) or lacks a layer that is there now is not put back. What stood there is kept',
    'reset-version':
      'signed policies only rise in version. This asks checkrd to forget the version of the policy FILE-NAME (such as policy.yaml), or of all, so that the next signed one goes live whatever its version. A running process does it within a second or two, one that is stopped at its next start; either records it as `operator_action`',
  },
  operands: {
    min: 1,
    max: 3,
    what: `one of ${Object.keys(ACTS).join(', ')}`,
    takes: ID,
  },
  flags: {
    file: { takes: { called: 'NAME', is: 'text' }, means: 'show: only this file' },
    text: { means: 'diff: line by line' },
    'dry-run': { means: 'rollback: only says what would be written' },
    reason: { takes: TEXT, means: 'reset-version: why, for the record' },
    config: CONFIG,
  },
  exit: {
    ok: 'done',
    no: 'diff: they differ; rollback: it would not go live, and nothing was changed',
    unknown: 'something is damaged or cannot be read or written',
  },
  async run(given, io) {
    const name = given.words[0] ?? '';
    const act = Object.hasOwn(ACTS, name) ? ACTS[name] : undefined;
    if (act === undefined) {
      throw new Misuse(`'${name}' is nothing that can be done to a policy`, `${Object.keys(ACTS).join(', ')} are`);
    }
    const [min, max] = act.words;
    if (given.words.length < min || given.words.length > max) {
      throw new Misuse(`\`policy ${name}\` takes ${min === max ? min - 1 : `${min - 1} or ${max - 1}`} more words`);
    }
    const used = [...TEXTS.filter(flag => given.text(flag) !== null), ...SWITCHES.filter(flag => given.on(flag))];
    const odd = used.find(flag => !act.flags.includes(flag));
    if (odd !== undefined) throw new Misuse(`--${odd} does not go with \`policy ${name}\``);
    return act.run(given, io);
  },
};
