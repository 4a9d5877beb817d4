/** The chat completions API, which several vendors speak. */
import type { ClientOptions, Modules, Vendor } from './vendor.js';
import { type Asked, INPUT_TOKENS, WHOLE_TEXT, type Wire, type WireEvent } from './wire.js';

export interface ChatClient {
  readonly chat: { readonly completions: { create(body: object): Promise<unknown> } };
  readonly models: { list(): Promise<unknown> };
}

interface Completion {
  readonly choices: readonly {
    readonly message?: { readonly content: string };
    readonly delta?: { content?: string };
  }[];
}

const usageOf = (words: number): object => ({
  prompt_tokens: INPUT_TOKENS,
  completion_tokens: words,
  total_tokens: INPUT_TOKENS + words,
});

const chunk = (asked: Asked, choices: readonly object[], more: object = {}): WireEvent => ({
  data: { id: 'c-1', object: 'chat.completion.chunk', created: 0, model: asked.model, choices, ...more },
});

/** @param last What the last event says of its tokens. */
export const chatWire = (last: (usage: object) => object = usage => ({ usage })): Wire => ({
  read: (_path, body) => ({
    model: String(body.model),
    maxTokens: Number(body.max_tokens),
    isStream: body.stream === true,
  }),
  whole: asked => ({
    id: 'c-1',
    object: 'chat.completion',
    created: 0,
    model: asked.model,
    choices: [{ index: 0, message: { role: 'assistant', content: WHOLE_TEXT }, finish_reason: 'stop' }],
    usage: usageOf(1),
  }),
  opening: asked => [chunk(asked, [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }])],
  word: (asked, text) => [chunk(asked, [{ index: 0, delta: { content: text }, finish_reason: null }])],
  closing: asked => [
    chunk(asked, [{ index: 0, delta: {}, finish_reason: 'stop' }], last(usageOf(asked.maxTokens))),
    { data: '[DONE]' },
  ],
});

/** An SDK of the family that openai began: a class as the default export, `baseURL`, `fetch`, `maxRetries`. */
export function chatVendor<Client extends ChatClient = ChatClient>(
  title: string,
  packages: Readonly<Record<string, string>>,
  path: string,
  wire: Wire,
): Vendor<Client> {
  return {
    title,
    packages,
    client: (modules, options) => new (sdkOf<new (given: object) => Client>(modules))(clientOptions(options, path)),
    ask: async (client, { model, maxTokens }) => {
      const body = { model, max_tokens: maxTokens, messages: [{ role: 'user', content: 'hi' }] };
      const answer = (await client.chat.completions.create(body)) as Completion;
      return answer.choices[0]?.message?.content ?? '';
    },
    async *stream(client, { model, maxTokens }) {
      const body = { model, max_tokens: maxTokens, messages: [{ role: 'user', content: 'hi' }], stream: true };
      const stream = (await client.chat.completions.create(body)) as AsyncIterable<Completion>;
      for await (const { choices } of stream) {
        const text = choices[0]?.delta?.content;
        if (text) yield text;
      }
    },
    other: client => client.models.list(),
    wire,
    recorded: (model, words) => ({ model, input_tokens: INPUT_TOKENS, output_tokens: words }),
    recordedWhenCut: model => ({ model }),
  };
}

export const clientOptions = ({ url, fetch, retries }: ClientOptions, path: string): object => ({
  apiKey: 'none',
  baseURL: `${url}${path}`,
  ...(fetch === undefined ? {} : { fetch }),
  ...(retries === undefined ? {} : { maxRetries: retries }),
});

/** The default export of the first package. */
export function sdkOf<Sdk>(modules: Modules): Sdk {
  const [first] = Object.values(modules);
  return (first as { readonly default: Sdk }).default;
}

/** What all SDKs of that family have in common. */
export const generated = {
  takes: 'fetch',
  keepsFetch: true,
  thrown: { error: 'APIConnectionError', tries: 3 },
  answered: {
    error: 'PermissionDeniedError',
    says: (error: {
      readonly status: number;
      readonly error: { readonly error?: { code: string }; code?: string };
    }) => ({
      status: error.status,
      code: error.error.error?.code ?? error.error.code,
    }),
  },
} as const;
