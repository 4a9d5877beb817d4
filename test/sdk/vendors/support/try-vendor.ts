/** Tries one SDK in one way: what passes, what is denied, what a stream does when the switch appears, what is recorded. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { type Checkrd, findPolicyDenied, isCheckrdPolicyDenied } from 'checkrd';
import type { Home } from '../../../support/home.js';
import { until } from '../../../support/until.js';
import type { Page, Recorded, Vendor } from './vendor.js';
import { ENDLESS, WHOLE_TEXT, type WireServer, WORDS } from './wire.js';

/** How a denial meets the SDK. */
export type Form = 'thrown' | 'answered';

export interface Trial<Client> {
  readonly page: Page<Client>;
  readonly vendor: Vendor<Client>;
  readonly server: WireServer;
  readonly home: Home;
  readonly agentId: string;
  readonly form: Form;
  /** `retries` absent: as the SDK comes. */
  client(retries?: 0): Client;
}

/** Everything: a `kill` at the end, and the switch away again. */
export async function tryAll<Client>(trial: Trial<Client>): Promise<void> {
  await tryAllowed(trial);
  await tryStream(trial);
  await tryDenied(trial, 0);
  await tryKilled(trial);
}

/** What the log says of the calls that began since. */
class Since {
  readonly #from: number;
  constructor(readonly trial: Pick<Trial<unknown>, 'home' | 'agentId'>) {
    this.#from = this.#all().length;
  }
  #all(): Record<string, unknown>[] {
    return this.trial.home.records(this.trial.agentId);
  }
  of(type: string): Record<string, unknown>[] {
    return this.#all()
      .slice(this.#from)
      .filter(record => record.type === type);
  }
  get codes(): unknown[] {
    return this.of('decision').map(record => record.code);
  }
  /** A stream's reader may hear of the end before it is recorded. */
  async outcome(): Promise<{ readonly result: unknown } & Recorded> {
    await until('an outcome', () => this.of('outcome').length > 0);
    const { result, model, input_tokens, output_tokens } = this.of('outcome')[0] as Record<string, never>;
    return JSON.parse(JSON.stringify({ result, model, input_tokens, output_tokens })) as { result: unknown };
  }
}

async function tryAllowed<Client>({ page, vendor, ...trial }: Trial<Client>): Promise<void> {
  const since = new Since(trial);
  const model = page.models.allowed;
  assert.equal(await vendor.ask(trial.client(), { model, maxTokens: WORDS }), WHOLE_TEXT);
  assert.deepEqual(since.codes, ['rule_allowed']);
  assert.deepEqual(await since.outcome(), { result: 'ok', ...vendor.recorded(model, 1) });
}

async function tryStream<Client>({ page, vendor, ...trial }: Trial<Client>): Promise<void> {
  const since = new Since(trial);
  const model = page.models.allowed;
  let text = '';
  for await (const part of vendor.stream(trial.client(), { model, maxTokens: WORDS })) text += part;
  assert.equal(text.split(' ').length - 1, WORDS, text);
  assert.deepEqual(since.codes, ['rule_allowed']);
  assert.deepEqual(await since.outcome(), { result: 'ok', ...vendor.recorded(model, WORDS) });
}

/** By endpoint, by model, by tokens. None of them is even connected for. */
export async function tryDenied<Client>(trial: Trial<Client>, retries?: 0): Promise<void> {
  const { page, vendor, form, server } = trial;
  const before = server.reached;
  const client = trial.client(retries);
  const { allowed, denied } = page.models;
  const tries = form === 'answered' || retries === 0 ? 1 : page.thrown.tries;
  const acts = [
    () => vendor.other(client),
    () => vendor.ask(client, { model: denied, maxTokens: WORDS }),
    () => vendor.ask(client, { model: allowed, maxTokens: ENDLESS + 1 }),
  ];
  // Where it is tried again there is a wait each time: once is enough to count.
  for (const act of tries > 1 ? acts.slice(0, 1) : acts) {
    const since = new Since(trial);
    await assert.rejects(act, error => meets(page, form, error));
    assert.deepEqual(since.codes, Array(tries).fill('default_denied'));
    assert.deepEqual(since.of('outcome'), []);
  }
  assert.equal(server.reached, before);
}

/** The developer finds the denial. */
function meets<Client>(page: Page<Client>, form: Form, error: unknown): true {
  assert.ok(error instanceof Error);
  // `APICallError` is called AI_APICallError, and `APIConnectionError` just Error.
  const name = error.name.startsWith('AI_') ? error.name : error.constructor.name;
  if (form === 'thrown') {
    assert.equal(name, page.thrown.error);
    assert.ok(isCheckrdPolicyDenied(error));
    assert.equal(findPolicyDenied(error)?.code, 'default_denied');
  } else {
    assert.equal(name, page.answered.error);
    assert.deepEqual(page.answered.says(error as never), { status: 403, code: 'default_denied' });
  }
  return true;
}

/** A client that was made before: guarded all the same, or found and reported when it calls, and guarded once it is handed in. */
export async function tryBefore<Client>(
  trial: Trial<Client>,
  checkrd: Checkrd,
  instrument: (...clients: readonly unknown[]) => void,
): Promise<void> {
  const { page, vendor, server } = trial;
  const before = trial.client();
  instrument();
  const client = (): Client => before;
  if (page.keepsFetch) {
    const reached = server.reached;
    await vendor.ask(before, { model: page.models.denied, maxTokens: WORDS });
    assert.notEqual(server.reached, reached);
    const row = checkrd.healthy().coverage.find(({ way }) => way === 'undici');
    assert.equal(row?.state, 'bypassed');
    assert.equal(row?.passed, 1);
    assert.match(row?.note ?? '', new RegExp(`^a call to ${new URL(server.url).host} that no guard saw`));
  }
  // Where it is guarded already nothing changes.
  instrument(before);
  await tryDenied({ ...trial, client });
}

/** In the middle of a stream; and the calls after it. */
async function tryKilled<Client>(trial: Trial<Client>): Promise<void> {
  const { page, vendor, server, home, agentId } = trial;
  const client = trial.client(0);
  const since = new Since(trial);
  const model = page.models.allowed;
  let words = 0;
  await assert.rejects(
    async () => {
      for await (const _part of vendor.stream(client, { model, maxTokens: ENDLESS })) {
        words++;
        if (words === 5) writeFileSync(home.path('killswitch'), '');
      }
    },
    error => {
      assert.equal(findPolicyDenied(error)?.code, 'kill_switch', String(error));
      return true;
    },
  );
  assert.deepEqual(since.codes, ['rule_allowed']);
  assert.deepEqual(await since.outcome(), { result: 'killed', ...vendor.recordedWhenCut(model) });

  const reached = server.reached;
  await assert.rejects(vendor.ask(client, { model, maxTokens: WORDS }));
  assert.deepEqual(since.codes, ['rule_allowed', 'kill_switch']);
  assert.equal(server.reached, reached);

  const killed = new Since({ home, agentId });
  rmSync(home.path('killswitch'));
  await until('the switch is gone', () => killed.of('kill_released').length > 0);
}
