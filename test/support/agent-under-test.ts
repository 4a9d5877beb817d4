/** A real agent with its folder and a server that remembers bodies; all of it ends with the test. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { Checkrd, type CheckrdOptions } from 'checkrd';
import { Home } from './home.js';

export const AGENT = 'edge';

export interface Got {
  readonly method: string;
  readonly path: string;
  readonly type: string | undefined;
  readonly body: Buffer;
}

export interface Served {
  readonly origin: string;
  readonly host: string;
  readonly got: Got[];
}

/** @param answer Called once the body is here; by default `ok`. */
export async function serves(
  t: TestContext,
  answer: (got: Got, response: ServerResponse) => void = (_, response) => response.end('ok'),
): Promise<Served> {
  const got: Got[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const parts: Buffer[] = [];
    try {
      for await (const part of request) parts.push(part as Buffer);
    } catch {
      return;
    }
    const { method = '', url = '', headers } = request;
    const one = { method, path: url, type: headers['content-type'], body: Buffer.concat(parts) };
    got.push(one);
    answer(one, response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin: `http://${host}`, host, got };
}

export interface UnderTest {
  readonly home: Home;
  readonly checkrd: Checkrd;
  readonly fetch: typeof fetch;
  /** Of its log, by type. */
  records(type: string): Record<string, unknown>[];
  killed(): string;
}

export function opens(t: TestContext, policy: string | null, options: CheckrdOptions = {}): UnderTest {
  const home = new Home(policy === null ? {} : { 'policy.yaml': policy });
  const checkrd = new Checkrd({ agentId: AGENT, configDir: home.dir, ...options });
  t.after(async () => {
    await checkrd.close();
    home.remove();
  });
  return {
    home,
    checkrd,
    fetch: checkrd.wrap(),
    records: type => home.records(AGENT).filter(record => record.type === type),
    killed: () => home.path('killswitch'),
  };
}

/** The error of a promise that must fail. */
export async function failureOf(work: Promise<unknown>): Promise<Error & { readonly code?: string }> {
  try {
    await work;
  } catch (error) {
    return error as Error & { readonly code?: string };
  }
  throw new Error('it did not fail');
}
