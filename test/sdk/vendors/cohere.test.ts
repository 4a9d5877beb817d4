/** cohere-ai: docs/sdks/cohere.md. Its answers name no model. */
import { tryPage } from './support/page.js';
import type { Vendor } from './support/vendor.js';
import { type Asked, INPUT_TOKENS, WHOLE_TEXT, type Wire } from './support/wire.js';

/** The SDK leaves the timer of a call that failed, five minutes: it must not keep this process. */
const SDK_TIMER_MS = 300_000;
const plainTimer = setTimeout;
globalThis.setTimeout = Object.assign(
  (...given: Parameters<typeof setTimeout>) => {
    const timer = plainTimer(...given);
    return given[1] === SDK_TIMER_MS ? timer.unref() : timer;
  },
  { __promisify__: plainTimer.__promisify__ },
) as typeof setTimeout;

interface Client {
  chat(request: object): Promise<{ readonly message: { readonly content: readonly { readonly text: string }[] } }>;
  chatStream(request: object): Promise<AsyncIterable<Event>>;
  readonly models: { list(): Promise<unknown> };
}
interface Event {
  readonly type: string;
  readonly delta?: { readonly message?: { readonly content?: { readonly text: string } } };
}
interface Sdk {
  readonly CohereClientV2: new (options: object) => Client;
}

const usage = (words: number): object => ({
  billed_units: { input_tokens: INPUT_TOKENS - 1, output_tokens: words },
  tokens: { input_tokens: INPUT_TOKENS, output_tokens: words },
});

const wire: Wire = {
  read: (_path, body) => ({
    model: String(body.model),
    maxTokens: Number(body.max_tokens),
    isStream: body.stream === true,
  }),
  whole: () => ({
    id: 'c-1',
    finish_reason: 'COMPLETE',
    message: { role: 'assistant', content: [{ type: 'text', text: WHOLE_TEXT }] },
    usage: usage(1),
  }),
  opening: () => [
    { data: { id: 'c-1', type: 'message-start', delta: { message: { role: 'assistant', content: [] } } } },
  ],
  word: (_asked, text) => [{ data: { type: 'content-delta', index: 0, delta: { message: { content: { text } } } } }],
  closing: ({ maxTokens }) => [
    { data: { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: usage(maxTokens) } } },
  ],
};

const request = ({ model, maxTokens }: Asked): object => ({
  model,
  maxTokens,
  messages: [{ role: 'user', content: 'hi' }],
});

const vendor: Vendor<Client> = {
  title: 'cohere-ai',
  packages: { 'cohere-ai': 'cohere-ai' },
  client: (modules, { url, fetch, retries }) =>
    new (modules['cohere-ai'] as Sdk).CohereClientV2({ token: 'none', baseUrl: url, fetch, maxRetries: retries }),
  ask: async (client, asked) => (await client.chat(request(asked))).message.content[0]?.text ?? '',
  async *stream(client, asked) {
    for await (const { type, delta } of await client.chatStream(request(asked)))
      if (type === 'content-delta') yield delta?.message?.content?.text ?? '';
  },
  other: client => client.models.list(),
  wire,
  recorded: (_model, words) => ({ input_tokens: INPUT_TOKENS, output_tokens: words }),
  recordedWhenCut: () => ({}),
};

await tryPage<Client>(
  {
    name: 'cohere',
    host: 'api.cohere.com',
    models: { allowed: 'command-r7b-12-2024', denied: 'command-a-03-2025' },
    vendors: [vendor],
    takes: 'fetch',
    instrument: 'instrumentCohere',
    keepsFetch: false,
    thrown: { error: 'CohereError', tries: 1 },
    answered: {
      error: 'ForbiddenError',
      says: (error: { readonly statusCode: number; readonly body: { readonly error: { readonly code: string } } }) => ({
        status: error.statusCode,
        code: error.body.error.code,
      }),
    },
  },
  import.meta.url,
);
