/** @mistralai/mistralai: docs/sdks/mistral.md. */
import { chatWire } from './support/chat-completions.js';
import { tryPage } from './support/page.js';
import type { Vendor } from './support/vendor.js';
import { type Asked, INPUT_TOKENS } from './support/wire.js';

interface Completion {
  readonly choices: readonly { readonly message: { readonly content: string } }[];
}
interface Event {
  readonly data: { readonly choices: readonly { readonly delta: { readonly content?: string } }[] };
}
interface Client {
  readonly chat: {
    complete(request: object): Promise<Completion>;
    stream(request: object): Promise<AsyncIterable<Event>>;
  };
  readonly models: { list(): Promise<unknown> };
}
interface Sdk {
  readonly Mistral: new (options: object) => Client;
  readonly HTTPClient: new (options: object) => unknown;
}

const request = ({ model, maxTokens }: Asked): object => ({
  model,
  maxTokens,
  messages: [{ role: 'user', content: 'hi' }],
});

const vendor: Vendor<Client> = {
  title: '@mistralai/mistralai',
  packages: { '@mistralai/mistralai': '@mistralai/mistralai' },
  client: (modules, { url, fetch }) => {
    const { Mistral, HTTPClient } = modules['@mistralai/mistralai'] as Sdk;
    const httpClient = fetch === undefined ? {} : { httpClient: new HTTPClient({ fetcher: fetch }) };
    return new Mistral({ apiKey: 'none', serverURL: url, ...httpClient });
  },
  ask: async (client, asked) => (await client.chat.complete(request(asked))).choices[0]?.message.content ?? '',
  async *stream(client, asked) {
    for await (const { data } of await client.chat.stream(request(asked))) {
      const text = data.choices[0]?.delta.content;
      if (text) yield text;
    }
  },
  other: client => client.models.list(),
  wire: chatWire(),
  recorded: (model, words) => ({ model, input_tokens: INPUT_TOKENS, output_tokens: words }),
  recordedWhenCut: model => ({ model }),
};

await tryPage<Client>(
  {
    name: 'mistral',
    host: 'api.mistral.ai',
    models: { allowed: 'mistral-small-latest', denied: 'mistral-large-latest' },
    vendors: [vendor],
    takes: 'new HTTPClient({ fetcher })',
    instrument: 'instrumentMistral',
    keepsFetch: false,
    thrown: { error: 'UnexpectedClientError', tries: 1 },
    answered: {
      error: 'SDKError',
      says: (error: { readonly statusCode: number; readonly body: string }) => ({
        status: error.statusCode,
        code: (JSON.parse(error.body) as { readonly error: { readonly code: string } }).error.code,
      }),
    },
  },
  import.meta.url,
);
