import { resolve } from 'node:path';
import { policyLoader } from '../agent/offline.js';
import { decisionText } from '../core/decide/answer-text.js';
import type { Decision } from '../core/decide/types.js';
import { Misuse } from './args.js';
import { BatchSession, runBatch } from './decide-batch.js';
import { ID, POLICY, TIME } from './flags.js';
import { type Command, EXIT } from './io.js';
import { sayLoadErrors } from './load-errors.js';
import { readOneRequest } from './one-request.js';

export const decide: Command = {
  name: 'decide',
  summary: 'say what a policy decides about a request, without network or log',
  synopsis: ['--policy FILE [--layers] [--agent ID] [--at TIME] [--killed] [--json] [REQUEST]', '--batch'],
  about: `
REQUEST is JSON: {"method": "GET", "url": "https://api.example.com/", "headers"?: [["name", "value"]], "body"?: "text"},
or the call of a tool: {"tool": "read_file", "args"?: JSON, "method"?, "url"?};
without it, or with -, it is read from standard input.`,
  operands: { min: 0, max: 1, what: 'one REQUEST', takes: { called: 'REQUEST', is: 'text' } },
  flags: {
    policy: POLICY,
    layers: { means: 'also the layers in `policy.d` beside FILE, as an agent would' },
    agent: { takes: ID, means: 'whose call it is; `default` if nothing is said' },
    at: { takes: TIME, means: 'when it is made (RFC 3339); now, if nothing is said' },
    killed: { means: 'as if the kill switch were engaged' },
    batch: { means: 'reads JSON Lines from standard input and writes one answer a line' },
  },
  notes: `
Limits count from one line of --batch to the next; a line is one of

  {"load": POLICY}                                  begins afresh
  {"load_file": PATH, "layers"?}                    so too; true: with those beside PATH
  {"request": REQUEST, "agent"?, "at"?, "killed"?}  decides`,
  exit: { ok: 'allow (--batch: every line was answered)', no: 'deny', unknown: 'the policy does not load' },
  async run(given, io) {
    const policy = given.text('policy');
    if (given.on('batch')) {
      if (
        policy !== null ||
        given.text('agent') !== null ||
        given.text('at') !== null ||
        given.on('killed') ||
        given.on('layers')
      ) {
        throw new Misuse('--batch takes no other flags', 'the lines say policy, agent, at and killed');
      }
      if (given.words.length > 0) throw new Misuse('--batch takes no REQUEST', 'write the lines to standard input');
      const session = new BatchSession(policyLoader(), io.cwd, Date.now);
      await runBatch(session, io.stdin, text => io.write(text));
      return EXIT.ok;
    }
    if (policy === null) throw new Misuse('no policy is given', 'add --policy FILE, or use --batch');
    const path = resolve(io.cwd, policy);
    const loaded = given.on('layers') ? policyLoader().loadLayered(path) : policyLoader().loadFile(path);
    if (!loaded.ok) return sayLoadErrors(policy, loaded.errors, given.on('json'), io);
    const line = await readOneRequest(given, io);
    const decision = loaded.decider.decide(line.request, line.agent ?? 'default', line.atMs ?? Date.now(), line.killed);
    if (given.on('json')) io.out(decisionText(decision));
    else for (const line of sentences(decision)) io.out(line);
    return decision.result === 'allow' ? EXIT.ok : EXIT.no;
  },
};

function sentences(d: Decision): string[] {
  const said = [`${d.result}${d.enforced ? '' : ' (not enforced)'} ${d.code}: ${d.reason}`];
  if (d.hint !== undefined) said.push(`hint: ${d.hint}`);
  if (d.shadowRules.length > 0) said.push(`shadow rules that would have fired: ${d.shadowRules.join(', ')}`);
  return said;
}
