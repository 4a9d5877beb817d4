import { type Args, Misuse, readArgs } from './args.js';
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
  usage: `
usage: checkrd policy list [--config FILE] [--json]
       checkrd policy show ID [--file NAME] [--config FILE] [--json]
       checkrd policy diff ID ID [--text] [--config FILE] [--json]
       checkrd policy rollback ID [--dry-run] [--config FILE] [--json]
       checkrd policy reset-version [FILE-NAME] [--reason TEXT] [--config FILE] [--json]

Each policy that goes live is kept in the state folder, with its layers and signatures. ID is \`current\`, or the
beginning of what records name as \`policy_sha256\`. Run it as root, or as the user who owns the state folder.
list      newest first; when it was last live is what the logs say, as they stand
show      prints the policy; with layers each file in turn, or the one that --file names
diff      what the second changes, in words; --text line by line
rollback  puts the files back where they stood, each by a rename, with their envelopes; a running process takes them as
          any change. What is damaged, would be refused (signatures, versions, its own tests) or lacks a layer that is
          there now is not put back. What stood there is kept. --dry-run only says what would be written
reset-version
          signed policies only rise in version. This asks checkrd to forget the version of the policy FILE-NAME (such as
          policy.yaml), or of all, so that the next signed one goes live whatever its version. A running process does it
          within a second or two, one that is stopped at its next start; either records it as \`operator_action\`
Settings: FILE, else $CHECKRD_CONFIG_DIR, else /etc/checkrd if it has any, else ~/.checkrd.

exit: 0 done, 1 diff: they differ; rollback: it would not go live, and nothing was changed, 2 something is damaged or
cannot be read or written, 64 misuse`,
  async run(args, io) {
    const given = readArgs(args, {
      texts: ['config', ...TEXTS],
      switches: SWITCHES,
      words: { min: 1, max: 3, what: `one of ${Object.keys(ACTS).join(', ')}` },
    });
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
