import { dirname, join } from 'node:path';
import { explainDocuments, type LayeredExplained } from '../agent/explain.js';
import { boundedText } from '../core/audit/text.js';
import type { Decision } from '../core/decide/types.js';
import { type Explanation, type RuleReport, type Verdict, whyWords } from '../core/explain/explanation.js';
import type { CheckedPolicy, Effect } from '../core/policy/checked.js';
import { painter } from './colour.js';
import { ID, POLICY, TIME } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { readNamedPolicy, sayLoadErrors } from './load-errors.js';
import { readOneRequest } from './one-request.js';

export const explain: Command = {
  name: 'explain',
  summary: 'say why a policy decides a request as it does',
  synopsis: ['--policy FILE [--layers] [--agent ID] [--at TIME] [--all] [--json] [REQUEST]'],
  about: `
Decides REQUEST as \`checkrd decide\` does, then asks the same engine about every matcher of every rule alone, and about
every reading of the request alone. The output quotes the request, values of headers and body too.`,
  operands: { min: 0, max: 1, what: 'one REQUEST', takes: { called: 'REQUEST', is: 'text' } },
  flags: {
    policy: POLICY,
    layers: {
      means:
        'also the layers in `policy.d` beside FILE: what all of them decide, then each document as if it stood alone',
    },
    agent: { takes: ID, means: 'whose call it is; `default` if nothing is said' },
    at: { takes: TIME, means: 'when it is made (RFC 3339); now, if nothing is said' },
    all: { means: 'also the rules whose url or tool does not match; without it they are counted' },
  },
  notes: `
A matcher says true, false, unknown (it cannot be judged), mixed (some reading matches and not every one, which is not
enough for an allow) or unread (the body is longer than what is inspected).`,
  exit: { ok: 'allow', no: 'deny', unknown: 'the policy does not load' },
  async run(given, io) {
    const json = given.on('json');
    const policy = readNamedPolicy(given, io);
    if (typeof policy === 'number') return policy;
    const { path, documents } = policy;
    const line = await readOneRequest(given, io);
    const agent = line.agent ?? 'default';
    const atMs = line.atMs ?? Date.now();
    const explained = explainDocuments(documents, { request: line.request, agent, atMs, all: given.on('all') });
    if (!explained.ok) return sayLoadErrors(path, explained.errors, json, io);
    if (given.on('layers')) sayLayers(explained, { path, json, agent, atMs }, io);
    else {
      for (const { explanation, document } of explained.documents) {
        if (json) io.out(JSON.stringify(asJson(explanation, document.policy, agent, atMs)));
        else print(explanation, document.policy, io);
      }
    }
    return explained.decision.result === 'allow' ? EXIT.ok : EXIT.no;
  },
};

interface How {
  /** As the user named it. */
  readonly path: string;
  readonly json: boolean;
  readonly agent: string;
  readonly atMs: number;
}

function sayLayers(
  { decision, documents }: Extract<LayeredExplained, { ok: true }>,
  { path, json, agent, atMs }: How,
  io: CliIo,
): void {
  if (json) {
    const each = documents.map(({ document: { layer, policy }, explanation }) => ({
      layer,
      silent: isSilent(layer, explanation),
      ...asJson(explanation, policy, agent, atMs),
    }));
    const whole = { ...decisionJson(decision), policy_layer: decision.policyLayer ?? null };
    io.out(JSON.stringify({ ...whole, agent, at: new Date(atMs).toISOString(), documents: each }));
    return;
  }
  printVerdict(decision, io);
  for (const { document, explanation } of documents) {
    io.out('');
    io.out(document.layer === null ? `${path}:` : `${join(dirname(path), 'policy.d', document.layer)}:`);
    if (isSilent(document.layer, explanation)) io.out('it has no say: its `agents` does not name this agent');
    else print(explanation, document.policy, io);
  }
}

/** Only the main document says that nothing speaks for an agent. */
function isSilent(layer: string | null, { decision }: Explanation): boolean {
  return layer !== null && decision.code === 'no_policy_for_agent';
}

/** Stable; docs/explain.md says what each key means. */
function decisionJson(decision: Decision): object {
  return {
    result: decision.result,
    enforced: decision.enforced,
    code: decision.code,
    matched_rule: decision.matchedRule,
    matched_rule_kind: decision.matchedRuleKind,
    reason: decision.reason,
    ...(decision.hint === undefined ? {} : { hint: decision.hint }),
    ...(decision.shadowRules.length === 0 ? {} : { shadow_rules: decision.shadowRules }),
    uncertain: decision.uncertain,
  };
}

function asJson(explanation: Explanation, policy: CheckedPolicy, agent: string, atMs: number): object {
  const { decision, rules, elsewhere } = explanation;
  return {
    ...decisionJson(decision),
    agent,
    at: new Date(atMs).toISOString(),
    default: policy.defaultResult,
    why: whyWords(explanation, policy.defaultResult),
    rules: rules.map(({ name, effect, shadow, line, verdict, fired, specificity, matchers }) => ({
      name,
      kind: effect.kind,
      shadow,
      line,
      verdict,
      fired,
      specificity,
      ...(effect.kind === 'limit' ? { limit: limitJson(effect, fired && !shadow && decision.result === 'allow') } : {}),
      matchers: matchers.map(({ key, words, verdict: said, readings }) => ({
        key,
        text: words,
        verdict: said,
        readings,
      })),
    })),
    rules_elsewhere: elsewhere,
  };
}

/** `charged`: by this call; a limit counts only what everything else lets through. */
function limitJson({ calls, windowMs, per }: Extract<Effect, { kind: 'limit' }>, charged: boolean): object {
  return { calls, window_ms: windowMs, per, charged };
}

const LINE_MAX_BYTES = 4096;

function printVerdict({ result, enforced, code, reason, hint }: Decision, io: CliIo): void {
  const verdict = `${result}${enforced ? '' : ' (not enforced)'} ${code}: ${reason}`;
  io.out(painter(io)(result === 'allow' ? 'green' : 'red', boundedText(verdict, LINE_MAX_BYTES)));
  if (hint !== undefined) io.out(boundedText(`hint: ${hint}`, LINE_MAX_BYTES));
}

function print(explanation: Explanation, policy: CheckedPolicy, io: CliIo): void {
  const say = (text: string): void => io.out(boundedText(text, LINE_MAX_BYTES));
  const { decision, rules, elsewhere } = explanation;
  printVerdict(decision, io);
  for (const why of whyWords(explanation, policy.defaultResult)) say(`  ${why}`);
  for (const rule of rules) printRule(rule, say);
  if (elsewhere > 0)
    say(
      `${elsewhere} ${elsewhere === 1 ? 'rule' : 'rules'} not shown: the url or tool does not match (--all shows them)`,
    );
}

function printRule(rule: RuleReport, say: (text: string) => void): void {
  const { name, effect, shadow, line, fired, verdict, matchers } = rule;
  const [yes, no] = effect.kind === 'limit' ? ['applies', 'does not apply'] : ['fires', 'does not fire'];
  const outcome = fired ? yes : no;
  const place = line === null ? '' : ` (line ${line})`;
  say(`${effect.kind} '${name}'${place}${shadow ? SHADOW : ''} ${outcome}: ${WORD[verdict]}`);
  if (matchers.length === 0) say('  it has no matcher: every request');
  for (const matcher of matchers) {
    say(`  ${matcher.verdict.padEnd(7)} ${matcher.words}`);
    for (const { what, verdict: said } of matcher.readings)
      say(`            ${what}${said === null ? '' : ` → ${said}`}`);
  }
}

const SHADOW = ' (shadow: recorded, never decides)';

const WORD: Readonly<Record<Verdict, string>> = {
  true: 'true',
  false: 'false',
  unknown: 'it cannot be judged',
  mixed: 'true of some readings and not of every one',
  unread: 'the body is longer than what is inspected',
};
