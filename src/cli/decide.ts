import { resolve } from 'node:path';
import { policyLoader } from '../agent/offline.js';
import { Misuse, readArgs } from './args.js';
import { BatchSession, decisionText, runBatch } from './decide-batch.js';
import { type Command, EXIT } from './io.js';
import { sayLoadErrors } from './load-errors.js';
import { readOneRequest } from './one-request.js';

export const decide: Command = {
  name: 'decide',
  summary: 'say what a policy decides about a request, without network or log',
  usage: `
usage: checkrd decide --policy FILE [--agent ID] [--at TIME] [--killed] [--json] [REQUEST]
       checkrd decide --batch

REQUEST is JSON: {"method": "GET", "url": "https://api.example.com/", "headers"?: [["name", "value"]], "body"?: "text"};
without it, or with -, it is read from standard input.

--batch reads JSON Lines from standard input and writes one answer a line:
  {"load": POLICY} or {"load_file": PATH}                 begins afresh
  {"request": REQUEST, "agent"?, "at"?, "killed"?}        decides; limits count from line to line

exit: 0 allow (--batch: every line was answered), 1 deny, 2 the policy does not load, 64 misuse`,
  async run(args, io) {
    const given = readArgs(args, {
      texts: ['policy', 'agent', 'at'],
      switches: ['batch', 'killed'],
      words: { min: 0, max: 1, what: 'one REQUEST' },
    });
    const policy = given.text('policy');
    if (given.on('batch')) {
      if (policy !== null || given.text('agent') !== null || given.text('at') !== null || given.on('killed')) {
        throw new Misuse('--batch takes no other flags', 'the lines say policy, agent, at and killed');
      }
      if (given.words.length > 0) throw new Misuse('--batch takes no REQUEST', 'write the lines to standard input');
      const session = new BatchSession(policyLoader(), io.cwd, Date.now);
      await runBatch(session, io.stdin, text => io.write(text));
      return EXIT.ok;
    }
    if (policy === null) throw new Misuse('no policy is given', 'add --policy FILE, or use --batch');
    const loaded = policyLoader().loadFile(resolve(io.cwd, policy));
    if (!loaded.ok) return sayLoadErrors(policy, loaded.errors, given.on('json'), io);
    const line = await readOneRequest(given, io);
    const decision = loaded.decider.decide(line.request, line.agent ?? 'default', line.atMs ?? Date.now(), line.killed);
    if (given.on('json')) io.out(decisionText(decision));
    else io.out(`${decision.result}${decision.enforced ? '' : ' (not enforced)'} ${decision.code}: ${decision.reason}`);
    return decision.result === 'allow' ? EXIT.ok : EXIT.no;
  },
};
