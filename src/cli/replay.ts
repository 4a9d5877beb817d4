import { openReplay, type Replay } from '../agent/replay.js';
import { boundedText } from '../core/audit/text.js';
import { byPolicy, readDecision } from '../core/replay/recorded.js';
import { type Answer, ReplayTally } from '../core/replay/tally.js';
import { painter } from './colour.js';
import { ANY, FILE, POLICY } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { readNamedPolicy, sayLoadErrors } from './load-errors.js';
import { GO_ON_UNVERIFIED, LOG_FLAGS, type LogVerdict, readLogs } from './log-records.js';

/** What the log does not hold, and what is therefore taken as given. Part of every answer. */
const GIVEN = [
  'a log holds no headers, query, body and arguments: a rule that looks at them makes a call unsayable',
  'a log holds no port: calls are taken to have used the usual one; a rule that names a port makes a call unsayable',
  'a log holds paths with `{id}`: a pattern that tells one ID from another makes a call unsayable',
  'the recorded method and path are taken to be the only readings of theirs',
  'limits count from the first decision read; after an unsayable call that they may count they cannot say either',
];

export const replay: Command = {
  name: 'replay',
  summary: 'say what another policy would have decided about the calls of a log',
  synopsis: [
    '--policy FILE [--layers] [--key KEY]... [--from SHIPPER] [--unverified] [--since TIME] [--until TIME] [--json] LOG...',
  ],
  about: `
Verifies the log, then decides each of its decisions again under FILE, and counts what would change: by the rule that
decided then and the rule that would decide now. A log does not hold everything a rule may ask; where that matters the
answer is "cannot say", with the rule. Decisions in which no policy was asked (kill switch, hook, bad request) are counted.`,
  operands: { min: 1, max: ANY, what: 'at least one file of a log', takes: FILE },
  flags: {
    policy: POLICY,
    layers: { means: 'also under the layers in `policy.d` beside FILE' },
    ...LOG_FLAGS,
  },
  exit: {
    ok: 'nothing would change',
    no: 'something would',
    unknown: 'cannot say, the log does not verify, the key signed nothing of it, or the policy does not load',
  },
  async run(given, io) {
    const json = given.on('json');
    const policy = readNamedPolicy(given, io);
    if (typeof policy === 'number') return policy;
    const { path, documents } = policy;
    const first = openReplay(documents);
    if (!first.ok) return sayLoadErrors(path, first.errors, json, io);

    const tally = new ReplayTally();
    let unused: Replay | null = first.replay;
    const { usable, logs } = await readLogs(given, io, GO_ON_UNVERIFIED, () => {
      const log = unused ?? fresh(openReplay(documents));
      unused = null;
      return record => {
        const recorded = readDecision(record);
        if (recorded === null) return;
        if (byPolicy(recorded)) tally.add(recorded, log.decide(recorded));
        else tally.skip(recorded);
      };
    });
    if (!usable) {
      if (json) io.out(JSON.stringify({ verdict: 'cannot_say', logs }));
      return EXIT.unknown;
    }
    // Of no call nothing can be said: a pipeline must not take an empty log for a clean one.
    const unsaid = tally.cannotSay > 0 || tally.replayed === 0;
    const verdict = tally.changed > 0 ? 'changes' : unsaid ? 'cannot_say' : 'same';
    if (json) io.out(JSON.stringify(asJson(tally, verdict, logs)));
    else print(tally, verdict, io);
    return { same: EXIT.ok, changes: EXIT.no, cannot_say: EXIT.unknown }[verdict];
  },
};

function fresh(opened: ReturnType<typeof openReplay>): Replay {
  if (!opened.ok) throw new Error('a policy that has loaded loads again');
  return opened.replay;
}

type Verdict = 'same' | 'changes' | 'cannot_say';

function asJson(tally: ReplayTally, verdict: Verdict, logs: readonly LogVerdict[]): object {
  return {
    verdict,
    logs,
    replayed: tally.replayed,
    same: tally.same,
    changed: tally.changed,
    cannot_say: tally.cannotSay,
    not_by_policy: Object.fromEntries(tally.notByPolicy),
    changes: tally.changes(),
    undecided: tally.undecided(),
    given: GIVEN,
  };
}

const LINE_MAX_BYTES = 2048;

function print(tally: ReplayTally, verdict: Verdict, io: CliIo): void {
  const paint = painter(io);
  const say = (text: string): void => io.out(boundedText(text, LINE_MAX_BYTES));
  say(`replayed    ${tally.replayed} decisions`);
  for (const [code, count] of tally.notByPolicy) say(`not asked   ${count} ${code}: no policy had a part in them`);
  say(`same        ${tally.same}`);
  say(`changed     ${tally.changed}`);
  for (const { from, to, count, examples } of tally.changes()) {
    say(`  ${count}  ${words(from)} → ${words(to)}`);
    for (const example of examples) say(`       ${example}`);
  }
  say(`cannot say  ${tally.cannotSay}`);
  for (const { rule, layer, count, examples } of tally.undecided()) {
    const why =
      rule === null
        ? 'the request cannot be made again from the log'
        : `'${rule}'${ofLayer(layer)} asks what the log does not hold`;
    say(`  ${count}  ${why}`);
    for (const example of examples) say(`       ${example}`);
  }
  for (const line of GIVEN) say(`given: ${line}`);
  if (verdict === 'same') io.out(paint('green', 'NOTHING WOULD CHANGE'));
  else if (verdict === 'changes') io.out(paint('red', `${tally.changed} DECISIONS WOULD CHANGE`));
  else if (tally.replayed === 0) io.out(paint('yellow', 'CANNOT SAY: there is no decision of a policy to replay'));
  else io.out(paint('yellow', 'CANNOT SAY: nothing is certain to change, and not everything could be decided'));
}

const words = ({ result, rule, layer }: Answer): string =>
  `${result} ${rule === null ? '(one of several rules)' : `'${rule}'${ofLayer(layer)}`}`;

const ofLayer = (layer: string | undefined): string => (layer === undefined ? '' : ` (layer '${layer}')`);
