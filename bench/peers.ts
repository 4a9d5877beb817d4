/** What an engineer would write by hand for the same task: method, host and path decide, the first match wins. */

/** One rule of the task: `POST https://<host>/<a>/<star>/<b>`. */
export interface TaskRule {
  readonly method: string;
  readonly host: string;
  /** Segments; `*` is any one segment. */
  readonly path: readonly string[];
}

export interface TaskRequest {
  readonly method: string;
  readonly url: string;
}

/** `count` rules over `count / 10` hosts, and requests that hit, miss the path, and miss the host. */
export function task(count: number): { rules: TaskRule[]; requests: TaskRequest[] } {
  const rules: TaskRule[] = [];
  for (let i = 0; i < count; i++) {
    rules.push({ method: 'POST', host: `api${Math.floor(i / 10)}.example.com`, path: ['v1', '*', `resource${i}`] });
  }
  const requests: TaskRequest[] = [];
  for (let k = 0; k < 64; k++) {
    const i = (k * 7919) % count;
    const rule = rules[i] as TaskRule;
    requests.push({ method: 'POST', url: `https://${rule.host}/v1/abc/resource${i}` });
    requests.push({ method: 'POST', url: `https://${rule.host}/v1/abc/nothing` });
    requests.push({ method: 'GET', url: `https://nowhere${k}.example.net/v1/abc/resource${i}` });
  }
  return { rules, requests };
}

/** A list of compiled expressions, tried one after the other. */
export function linearRegExp(rules: readonly TaskRule[]): (request: TaskRequest) => number {
  const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const compiled = rules.map(rule => ({
    method: rule.method,
    url: new RegExp(
      `^https?://${literally(rule.host)}/${rule.path.map(s => (s === '*' ? '[^/]+' : literally(s))).join('/')}/?$`,
    ),
  }));
  return request => compiled.findIndex(rule => rule.method === request.method && rule.url.test(request.url));
}

interface Node {
  readonly children: Map<string, Node>;
  star: Node | null;
  readonly at: { method: string; index: number }[];
}

/** A Map of hosts to tries of path segments. */
export function mapAndTrie(rules: readonly TaskRule[]): (request: TaskRequest) => number {
  const node = (): Node => ({ children: new Map(), star: null, at: [] });
  const hosts = new Map<string, Node>();
  rules.forEach((rule, index) => {
    let here = hosts.get(rule.host) ?? node();
    hosts.set(rule.host, here);
    for (const segment of rule.path) {
      let next = segment === '*' ? here.star : (here.children.get(segment) ?? null);
      if (next === null) {
        next = node();
        if (segment === '*') here.star = next;
        else here.children.set(segment, next);
      }
      here = next;
    }
    here.at.push({ method: rule.method, index });
  });
  const walk = (here: Node, segments: readonly string[], at: number, method: string): number => {
    if (at === segments.length) return here.at.find(rule => rule.method === method)?.index ?? -1;
    const literal = here.children.get(segments[at] as string);
    const found = literal === undefined ? -1 : walk(literal, segments, at + 1, method);
    return found >= 0 || here.star === null ? found : walk(here.star, segments, at + 1, method);
  };
  return request => {
    const hostStart = request.url.indexOf('//') + 2;
    const pathStart = request.url.indexOf('/', hostStart);
    const host = hosts.get(request.url.slice(hostStart, pathStart));
    return host === undefined ? -1 : walk(host, request.url.slice(pathStart + 1).split('/'), 0, request.method);
  };
}

/** The same rules as a policy. */
export function taskPolicy(rules: readonly TaskRule[]): string {
  return JSON.stringify({
    default: 'deny',
    rules: rules.map((rule, i) => ({
      name: `rule-${i}`,
      allow: { method: [rule.method], url: `https://${rule.host}/${rule.path.join('/')}` },
    })),
  });
}
