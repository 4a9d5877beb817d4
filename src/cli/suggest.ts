import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { agentId } from '../core/brand.js';
import { utf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { readPolicy } from '../core/policy/read.js';
import { readDecision } from '../core/replay/recorded.js';
import { Families } from '../core/suggest/families.js';
import { policyText } from '../core/suggest/policy-text.js';
import { errorCode } from '../disk/error-code.js';
import { Misuse } from './args.js';
import { ANY, FILE, ID } from './flags.js';
import { type Command, EXIT } from './io.js';
import { GO_ON_UNVERIFIED, LOG_FLAGS, readLogs } from './log-records.js';

export const suggest: Command = {
  name: 'suggest',
  summary: 'propose a policy that allows what a log shows, and nothing else',
  synopsis: [
    '[--agent ID] [--out FILE] [--key KEY]... [--from SHIPPER] [--unverified] [--since TIME] [--until TIME] [--json] LOG...',
  ],
  about: `
Verifies the log, such as one that \`mode: dry_run\` or \`default: allow\` has left, and writes a policy with
\`default: deny\`, one rule for each host and folded path that was called, with the methods that were used, one for each tool,
and tests. A call that was refused, that an explicit deny named, or about which no policy was asked, is no evidence and only
counted.`,
  operands: { min: 1, max: ANY, what: 'at least one file of a log', takes: FILE },
  flags: {
    agent: { takes: ID, means: 'only what this agent called; the policy speaks for it alone' },
    out: { takes: FILE, means: 'writes the policy to FILE, which must not exist yet, and not to standard output' },
    ...LOG_FLAGS,
  },
  exit: {
    ok: 'proposed',
    no: 'the log shows nothing to allow',
    unknown: 'the log does not verify, the key signed nothing of it, or FILE cannot be written',
  },
  async run(given, io) {
    const agent = given.text('agent');
    if (agent !== null && agentId(agent) === null) throw new Misuse('--agent is no agent ID');
    const families = new Families();
    const { usable, logs } = await readLogs(given, io, GO_ON_UNVERIFIED, () => record => {
      const recorded = readDecision(record);
      if (recorded !== null && (agent === null || recorded.agent === agent)) families.add(recorded);
    });
    const json = given.on('json');
    if (!usable) {
      if (json) io.out(JSON.stringify({ ok: false, logs }));
      return EXIT.unknown;
    }
    const text = policyText(families, agent);
    const read = readPolicy(utf8(text), 'yaml');
    if (!read.ok) throw new Error(`a proposed policy does not load: ${read.issues[0]?.message}`);
    const rules = families.list();
    const out = given.text('out');
    if (out !== null) write(resolve(io.cwd, out), text);
    if (json) {
      io.out(
        JSON.stringify({
          ok: rules.length > 0,
          logs,
          calls: families.calls,
          rules: rules.map(({ kind, pattern, methods, count, first, last }) => ({
            [kind]: pattern,
            methods: Object.fromEntries(methods),
            count,
            first,
            last,
          })),
          not_covered: Object.fromEntries(families.uncovered),
          no_evidence: Object.fromEntries(families.noEvidence),
          policy: text,
        }),
      );
    } else if (out === null) await io.write(text);
    else io.out(`${out}: ${rules.length} rules from ${families.calls} calls`);
    return rules.length > 0 ? EXIT.ok : EXIT.no;
  },
};

/** Never over a file that exists: it may be the policy in force. */
function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    throw new Fault('output_unwritable', { path, why: errorCode(error) }, { cause: error });
  }
}
