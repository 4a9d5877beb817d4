/** One decision among 1,000 rules against policy engines that people take for this today, each as its guide says it is fastest. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { compileObject } from '#src/agent/compile.js';
import { BODY_INSPECT_DEFAULT_BYTES } from '#src/core/limits.js';
import { loadEngine } from '#src/wasm/module.js';
import { type Contender, compare, print, ratio, time } from './measure.js';
import { linearRegExp, type TaskRequest, type TaskRule, task, taskPolicy } from './peers.js';

const RULES = 1_000;
const PACKAGES = resolve('bench', 'packages');
const CLOCK = { wallMs: 1_767_780_000_000, monotonicMs: 1_000 };

/** Whether the request is allowed. Host and path come ready to use: parsing the URL is not counted against a peer. */
type Peer = (request: TaskRequest, host: string, path: string) => boolean;

interface Casbin {
  newModelFromString(text: string): unknown;
  StringAdapter: new (policy: string) => unknown;
  newEnforcer(model: unknown, adapter: unknown): Promise<{ enforceSync(...values: string[]): boolean }>;
}

interface Cedar {
  preparsePolicySet(id: string, policies: { staticPolicies: Record<string, string> }): { readonly type: string };
  statefulIsAuthorized(call: object): { readonly type: string; readonly response?: { readonly decision: string } };
}

export async function benchEngines(): Promise<void> {
  if (!existsSync(resolve(PACKAGES, 'node_modules'))) {
    print('policy engines', ['not measured: `npm ci --prefix bench/packages` brings casbin and cedar-wasm']);
    return;
  }
  const { rules, requests } = task(RULES);
  const parts = requests.map(request => {
    const { hostname, pathname } = new URL(request.url);
    return [request, hostname, pathname] as const;
  });
  const peers: readonly (readonly [string, Peer, number])[] = [
    ['casbin', await casbin(rules), 1_000],
    ['cedar-wasm', cedar(rules), 5_000],
    ['RegExp list', regexp(rules), 10],
  ];
  const engine = ours(rules);
  for (const [name, peer] of peers) {
    for (const [request, host, path] of parts) {
      if (peer(request, host, path) !== engine(request)) throw new Error(`${name} disagrees about ${request.url}`);
    }
  }
  const at = (i: number) => parts[i % parts.length] as (typeof parts)[number];
  const own = compare([{ name: 'checkrd', run: i => engine(at(i)[0]) }], 50_000, 9)[0]?.ns ?? Number.NaN;
  const lines = peers.map(([name, peer, least]) => {
    const contender: Contender = { name, run: i => peer(...at(i)) };
    const operations = name === 'RegExp list' ? 20_000 : 96;
    const theirs = compare([contender], operations, 5)[0]?.ns ?? Number.NaN;
    return `${name.padEnd(12)} ${time(theirs).padStart(10)}   ${name} / engine ${ratio(theirs, own)} (expected ≥ ${least}×)`;
  });
  print(`one decision among ${RULES} rules: engine ${time(own)}, with encoding`, lines);
}

function ours(rules: readonly TaskRule[]): (request: TaskRequest) => boolean {
  const compiled = compileObject(taskPolicy(rules));
  if (!compiled.ok) throw new Error(compiled.issues[0]?.message);
  const engine = loadEngine().instantiate(compiled.program, { inspectBytes: BODY_INSPECT_DEFAULT_BYTES });
  const body = { kind: 'none' } as const;
  return ({ method, url }) => engine.decide({ method, url, headers: [], body }, 'agent', CLOCK).code === 1;
}

function regexp(rules: readonly TaskRule[]): Peer {
  const find = linearRegExp(rules);
  return request => find(request) >= 0;
}

async function casbin(rules: readonly TaskRule[]): Promise<Peer> {
  const { newModelFromString, StringAdapter, newEnforcer } = load<Casbin>('casbin');
  const model = newModelFromString(
    [
      '[request_definition]\nr = method, host, path',
      '[policy_definition]\np = method, host, path',
      '[policy_effect]\ne = some(where (p.eft == allow))',
      '[matchers]\nm = r.method == p.method && r.host == p.host && keyMatch2(r.path, p.path)\n',
    ].join('\n'),
  );
  const lines = rules.map(({ method, host, path }) => {
    return `p, ${method}, ${host}, /${path.map(segment => (segment === '*' ? ':any' : segment)).join('/')}`;
  });
  const enforcer = await newEnforcer(model, new StringAdapter(lines.join('\n')));
  return ({ method }, host, path) => enforcer.enforceSync(method, host, path);
}

function cedar(rules: readonly TaskRule[]): Peer {
  const { preparsePolicySet, statefulIsAuthorized } = load<Cedar>('@cedar-policy/cedar-wasm/nodejs');
  const staticPolicies = Object.fromEntries(
    rules.map(({ method, host, path }, i) => {
      const when = `context.host == "${host}" && context.path like "/${path.join('/')}"`;
      return [`rule-${i}`, `permit(principal, action == Action::"${method}", resource) when { ${when} };`];
    }),
  );
  const parsed = preparsePolicySet('task', { staticPolicies });
  if (parsed.type !== 'success') throw new Error(`cedar-wasm: ${JSON.stringify(parsed)}`);
  const principal = { type: 'Agent', id: 'a' };
  const resource = { type: 'Api', id: 'r' };
  return ({ method }, host, path) => {
    const said = statefulIsAuthorized({
      principal,
      action: { type: 'Action', id: method },
      resource,
      context: { host, path },
      preparsedPolicySetId: 'task',
      entities: [],
    });
    if (said.response === undefined) throw new Error(`cedar-wasm: ${JSON.stringify(said)}`);
    return said.response.decision === 'allow';
  };
}

function load<T>(name: string): T {
  return createRequire(resolve(PACKAGES, 'package.json'))(name) as T;
}
