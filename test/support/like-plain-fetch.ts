/**
 * A table of what callers do with `fetch`: each row runs bare, wrapped, wrapped with every body read for judgement, and
 * with a hook that waits; all that the caller and the server can see is compared.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrapFetch } from '#src/transports/fetch/wrap-fetch.js';
import { SteeredAgent } from './steered-agent.js';

export type Fetch = typeof fetch;

export interface Row {
  readonly name: string;
  readonly run: (f: Fetch, url: string) => Promise<unknown>;
  /** Read whole for judgement, a stream of unknown length goes out with one. */
  readonly framed?: true;
}

const isSame = (get: () => unknown): boolean => {
  const first = get();
  return first === get();
};

/** Everything a caller can see of a response without reading it. */
export function face(r: Response): unknown {
  return {
    status: r.status,
    text: r.statusText,
    ok: r.ok,
    type: r.type,
    redirected: r.redirected,
    url: r.url,
    headers: [...r.headers].filter(([name]) => name !== 'date'),
    used: r.bodyUsed,
    body: r.body === null ? null : [r.body instanceof ReadableStream, r.body.locked, isSame(() => r.body)],
    is: [r instanceof Response, r.constructor === Response, Object.prototype.toString.call(r), Object.keys(r)],
  };
}

export const told = async (r: Response): Promise<unknown> => [face(r), await r.text(), r.bodyUsed];
const shapeless = (text: string): string => text.replaceAll(/formdata-undici-\d+/g, 'formdata');

/** An outcome without what differs from run to run. */
export function plain(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { name, message, cause } = value as Error & { code?: string };
  return {
    name,
    message,
    code: (value as { code?: unknown }).code,
    cause: cause === undefined ? undefined : plain(cause),
  };
}

async function outcome(f: Fetch, row: Row, url: string): Promise<unknown> {
  const result = await row.run(f, url).catch((error: unknown) => ({ threw: plain(error) }));
  let text = shapeless(JSON.stringify(result));
  if (row.framed) text = text.replaceAll(/\\"(transfer-encoding|content-length)\\",\\"\w+\\"/g, 'length');
  return JSON.parse(text);
}

const quiet = new SteeredAgent();
const nosy = new SteeredAgent(r => (r.body.kind === 'unread' ? 'need_body' : 'allow'));
const hooked = new SteeredAgent();
export const WAYS: readonly (readonly [string, Fetch])[] = [
  ['wrapped', wrapFetch(quiet, fetch, { agentId: quiet.agentId, strict: true })],
  ['body read', wrapFetch(nosy, fetch, { agentId: nosy.agentId, strict: true })],
  [
    'with a slow hook',
    wrapFetch(hooked, fetch, {
      agentId: hooked.agentId,
      strict: true,
      hooks: { beforeRequest: () => new Promise(r => setImmediate(r)) },
    }),
  ],
];

/** One test a row. `more`: what the server saw, or anything else that must be alike; asked for after each run. */
export function asPlain(rows: readonly Row[], url: string, more: () => unknown = () => null): void {
  for (const row of rows) {
    test(`as plain fetch: ${row.name}`, async () => {
      const bare = [await outcome(fetch, row, url), more()];
      for (const [way, wrapped] of WAYS) assert.deepEqual([await outcome(wrapped, row, url), more()], bare, way);
    });
  }
}
