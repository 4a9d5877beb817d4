// WebSockets and event streams, by packages and by the runtime: `node live.mjs PLAN`. Prints what each met.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { findPolicyDenied } from 'checkrd';
import { load } from '../packages/load.mjs';

const { origin, forbidden, how, killswitch, eventsource, undici } = JSON.parse(process.argv[2]);
const { WebSocket: Ws } = await load('ws');
const { EventSource: Source } = await load(eventsource);
const { WebSocket: UndiciSocket, EventSource: UndiciSource } = await load(undici);
const late = [];
process.on('uncaughtException', error => late.push(String(error.stack)));

const KINDS = {
  ws: at => new Ws(at.replace('http', 'ws')),
  WebSocket: at => new WebSocket(at.replace('http', 'ws')),
  'undici-WebSocket': at => new UndiciSocket(at.replace('http', 'ws')),
  eventsource: at => new Source(at),
  EventSource: at => new EventSource(at),
  'undici-EventSource': at => new UndiciSource(at),
};
const isSocket = kind => /ws|WebSocket/.test(kind);

const isEnd = what => /^(error|close)/.test(what);

/** The events of one, as far as they are alike in two runs. */
function told(live) {
  const events = [];
  let wake = () => {};
  const add = what => {
    events.push(what);
    wake();
  };
  live.addEventListener('open', () => add('open'));
  live.addEventListener('message', ({ data }) => add(`message ${data}`));
  live.addEventListener('close', ({ code, wasClean }) => add(`close ${code} ${wasClean}`));
  live.addEventListener('error', event => {
    const denial = findPolicyDenied(event.error);
    add(`error ${denial?.code ?? '-'} ${/denied by default|kill switch/.test(event.message) ? 'says why' : '-'}`);
  });
  const until = async holds => {
    while (!events.some(holds)) {
      await new Promise(resolve => {
        wake = resolve;
      });
    }
    return events;
  };
  return {
    events,
    until,
    // The first word of the end: a WebSocket of Node 20 that cannot be opened has an error, and never closes.
    ends: async () => (await until(isEnd)).find(isEnd),
  };
}

const said = { talk: {}, denied: {}, killed: {}, later: {}, late };
for (const [kind, make] of Object.entries(KINDS)) {
  const live = make(`${origin}/${isSocket(kind) ? 'echo' : 'endless'}/${kind}`);
  const { until, events } = told(live);
  await until(what => what === 'open');
  if (isSocket(kind)) {
    live.send('words');
    live.send('w'.repeat(70_000));
    await until(what => what.length > 70_000);
  } else await until(what => what.startsWith('message'));
  said.talk[kind] = events.slice(0, isSocket(kind) ? 3 : 2).map(what => what.slice(0, 20));
  live.close();
}

if (how !== 'bare') {
  for (const [kind, make] of Object.entries(KINDS)) {
    const live = make(`${forbidden}/${kind}`);
    const { ends } = told(live);
    said.denied[kind] = await ends();
    live.close();
  }
  const running = {};
  for (const [kind, make] of Object.entries(KINDS)) {
    const live = make(`${origin}/endless/killed-${kind}`);
    const heard = told(live);
    await heard.until(what => what.startsWith('message'));
    running[kind] = { live, heard };
  }
  const [download] = await once(http.get(`${origin}/endless/download`), 'response');
  const cut = new Promise(resolve => download.resume().on('error', resolve));
  writeFileSync(killswitch, '');
  for (const [kind, { live, heard }] of Object.entries(running)) {
    said.killed[kind] = await heard.ends();
    live.close();
  }
  said.killed.download = findPolicyDenied(await cut)?.code;
  for (const [kind, make] of Object.entries(KINDS)) {
    const live = make(`${origin}/endless/later-${kind}`);
    said.later[kind] = await told(live).ends();
    live.close();
  }
}
process.stdout.write(`${JSON.stringify(said)}\n`, () => process.exit(0));
