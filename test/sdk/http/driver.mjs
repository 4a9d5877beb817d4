// Asks a site by one client, as the plan says: `node driver.mjs PLAN` (JSON). Prints one JSON object.
// PLAN: { client, package, variant, how: bare|register|wrap, origin, forbidden, killswitch? }
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Checkrd, findPolicyDenied } from 'checkrd';
import { load } from '../packages/load.mjs';

const plan = JSON.parse(process.argv[2]);
const { origin, forbidden } = plan;
const checkrd = plan.how === 'wrap' ? new Checkrd() : null;
const { open } = await import(`./clients/${plan.client}.mjs`);
const client = open(await load(plan.package), {
  variant: plan.variant,
  ...(checkrd && { fetch: checkrd.wrap(fetch) }),
});
const late = [];
process.on('uncaughtException', error => late.push(`uncaught: ${error.stack}`));

const hash = bytes => createHash('sha256').update(bytes).digest('hex');
const plainText = value => String(value).replaceAll(origin, 'ORIGIN').replaceAll(new URL(origin).host, 'HOST');

/** An error as a program may match on it. */
function told(error) {
  const { name, code, message, status, response, cause } = error ?? {};
  const own = { name, code, status: status ?? response?.status ?? response?.statusCode, message: plainText(message) };
  return cause === undefined ? own : { ...own, cause: { name: cause?.name, code: cause?.code } };
}

const head = headers => {
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
  return pairs.filter(([name]) => !/^(date|keep-alive)$/i.test(name)).map(([name, value]) => [name, plainText(value)]);
};

/** What came of a call, in a form that is alike in two runs. */
async function outcomeOf(work) {
  try {
    const { headers, body, ...rest } = await work;
    return { ...rest, headers: head(headers), body: body === null || body === undefined ? null : hash(body) };
  } catch (error) {
    return { error: told(error) };
  }
}

async function drained(stream) {
  const parts = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return { headers: [], body: Buffer.concat(parts) };
}

const json = { 'content-type': 'application/json' };
const bytes = Buffer.alloc(300_000, 'abc');
const pieces = () => Readable.from(Array.from({ length: 40 }, (_, i) => Buffer.alloc(20_000, `${i}`)));

const ALLOWED = {
  'a call': () => client.ask(`${origin}/echo/a?q=1&r=%20`, { headers: { 'x-mixed-Case': '1' } }),
  'a text': () => client.ask(`${origin}/echo`, { method: 'POST', headers: json, body: '{"model":"small","n":1}' }),
  bytes: () =>
    client.ask(`${origin}/echo`, { method: 'PUT', headers: { 'content-type': 'application/x-bytes' }, body: bytes }),
  'no body': () => client.ask(`${origin}/echo`, { method: 'DELETE' }),
  head: () => client.ask(`${origin}/echo`, { method: 'HEAD' }),
  'an upload': () =>
    client.ask(`${origin}/up`, { method: 'PUT', headers: { 'content-type': 'application/x-bytes' }, body: pieces() }),
  'a redirect': () => client.ask(`${origin}/redirect/302?to=/echo/there`),
  'a redirect of a body': () =>
    client.ask(`${origin}/redirect/307?to=/echo/there`, { method: 'POST', headers: json, body: '{"model":"small"}' }),
  'a redirect of a body that is dropped': () =>
    client.ask(`${origin}/redirect/303?to=/echo/there`, { method: 'POST', headers: json, body: '{"model":"small"}' }),
  gzip: () => client.ask(`${origin}/packed/gzip`),
  br: () => client.ask(`${origin}/packed/br`),
  deflate: () => client.ask(`${origin}/packed/deflate`),
  'nothing there': () => client.ask(`${origin}/status/404`),
  'no content': () => client.ask(`${origin}/status/204`),
  'server error': () => client.ask(`${origin}/status/503`),
  '1 MB': () => client.ask(`${origin}/big`),
  'a stream': async () => drained(await client.stream(`${origin}/chunks`)),
  'a timeout': () => client.ask(`${origin}/never`, { timeoutMs: 300 }),
  'an abort': () => {
    const caller = new AbortController();
    setTimeout(() => caller.abort(), 300);
    return client.ask(`${origin}/never`, { signal: caller.signal });
  },
  'an abort before': () => client.ask(`${origin}/echo/aborted`, { signal: AbortSignal.abort() }),
  'an abort of a stream': async () => {
    const caller = new AbortController();
    const stream = await client.stream(`${origin}/endless`, { signal: caller.signal });
    for await (const _ of stream) caller.abort();
    return { headers: [], body: '' };
  },
  'a connection that is dropped': () => client.ask(`${origin}/drop`),
  'an answer that is too short': () => client.ask(`${origin}/short`),
  'nobody there': () => client.ask('http://127.0.0.1:1/'),
};

/** How a denial is met. */
async function denial(work) {
  try {
    const { status } = await work;
    return { went: status ?? 'an answer' };
  } catch (error) {
    const found = findPolicyDenied(error);
    const how = found === error ? 'direct' : found !== null ? 'cause' : 'words';
    return { how, code: found?.code ?? error?.code ?? null, message: String(error?.message) };
  }
}

const DENIED = {
  get: () => client.ask(`${forbidden}/get`),
  post: () => client.ask(`${forbidden}/post`, { method: 'POST', headers: json, body: '{"model":"small"}' }),
  upload: () => client.ask(`${forbidden}/upload`, { method: 'PUT', headers: json, body: pieces() }),
  stream: async () => drained(await client.stream(`${forbidden}/stream`)),
  redirect: () => client.ask(`${origin}/redirect/302?to=${encodeURIComponent(`${forbidden}/redirected`)}`),
  body: () => client.ask(`${origin}/model`, { method: 'POST', headers: json, body: '{"model":"big"}' }),
};

async function kill() {
  const ends = {};
  const streams = [];
  for (const name of ['a', 'b', 'c']) {
    const stream = await client.stream(`${origin}/endless/${name}`);
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    streams.push({ name, iterator });
  }
  let flows = () => {};
  const flowing = new Promise(resolve => {
    flows = resolve;
  });
  const endless = Readable.from(
    (async function* () {
      for (let n = 0; ; n++) {
        if (n === 5) flows();
        yield Buffer.alloc(1000, 'u');
        await sleep(2);
      }
    })(),
  );
  const upload = client.ask(`${origin}/up/endless`, {
    method: 'PUT',
    headers: { 'content-type': 'x/y' },
    body: endless,
  });
  const waiting = client.ask(`${origin}/never/killed`, { method: 'POST', body: '{}', headers: json });
  const asked = client.ask(`${origin}/endless/asked`);
  const work = {
    asked: denial(asked),
    upload: denial(upload),
    waiting: denial(waiting),
    ...Object.fromEntries(
      streams.map(({ name, iterator }) => [
        name,
        denial(
          (async () => {
            for (;;) if ((await iterator.next()).done) return {};
          })(),
        ),
      ]),
    ),
  };
  await flowing;
  // What waits for its answer has reached the site by then; the site is asked for it last.
  await client.ask(`${origin}/echo/last`);
  writeFileSync(plan.killswitch, '');
  for (const [name, end] of Object.entries(work)) ends[name] = await end;
  ends.later = await denial(client.ask(`${origin}/echo/later`));
  endless.destroy();
  return ends;
}

/** The connections of two calls, and what came between them. */
async function reuse() {
  const first = await client.ask(`${origin}/socket`);
  // A pool takes a connection back in a later turn.
  await sleep(10);
  const between = plan.how === 'bare' ? null : await denial(DENIED.body());
  const second = await client.ask(`${origin}/socket`);
  return { same: String(first.body) === String(second.body), between };
}

const said = { allowed: {}, denied: {}, reuse: null, kill: null };
for (const [name, act] of Object.entries(ALLOWED)) {
  if (plan.omit?.includes(name)) continue;
  const late = new AbortController();
  const hung = sleep(30_000, { hangs: true }, { signal: late.signal }).catch(() => null);
  said.allowed[name] = await Promise.race([outcomeOf((async () => act())()), hung]);
  late.abort();
}
said.reuse = await reuse();
if (plan.how !== 'bare') {
  for (const [name, act] of Object.entries(DENIED)) said.denied[name] = await denial((async () => act())());
  said.kill = await kill();
}
said.late = late;
await checkrd?.close();
process.stdout.write(`${JSON.stringify(said)}\n`, () => process.exit(0));
