/** Model and tokens in the outcome of node:http: read in passing, in every form, and what arrives is what was sent. */
import assert from 'node:assert/strict';
import http, { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { install } from '#src/transports/node-http/install.js';
import { MODEL_ANSWERS } from '../../support/model-answers.js';
import { SteeredAgent } from '../../support/steered-agent.js';
import { until } from '../../support/until.js';

const server = createServer((request, response) => {
  const [, route, index] = (request.url ?? '').split('/');
  const { type, body } = MODEL_ANSWERS[Number(index)]!;
  response.setHeader('content-type', type);
  if (route === 'gzip') response.setHeader('content-encoding', 'gzip');
  const bytes = route === 'gzip' ? gzipSync(body) : Buffer.from(body);
  response.write(bytes.subarray(0, 50));
  setImmediate(() => response.end(bytes.subarray(50)));
});
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
const agent = new SteeredAgent();
const undo = install({ agent, agentId: () => agent.agentId } as never);
after(() => {
  undo();
  server.closeAllConnections();
  server.close();
});

async function get(path: string): Promise<Buffer> {
  const body = await new Promise<Buffer>((resolve, reject) => {
    http.get({ host: '127.0.0.1', port, path }, response => {
      response.toArray().then(parts => resolve(Buffer.concat(parts as Buffer[])), reject);
    });
  });
  await until('the outcome', () => agent.last.outcomes.length === 1);
  return body;
}

test('every form of answer; a packed one is let be', async () => {
  for (const [index, { name, body, usage }] of MODEL_ANSWERS.entries()) {
    assert.equal(String(await get(`/plain/${index}`)), body, name);
    assert.deepEqual(agent.last.outcomes[0]?.usage, usage ?? undefined, name);
  }
  assert.deepEqual(await get('/gzip/0'), gzipSync(MODEL_ANSWERS[0]!.body));
  assert.equal(agent.last.outcomes[0]?.usage, undefined);
});
