/** ai with @ai-sdk/openai, versions 6 and 7: docs/sdks/vercel-ai.md. */
import { clientOptions } from './support/chat-completions.js';
import { tryPage } from './support/page.js';
import { recordedResponses, responsesWire } from './support/responses.js';
import type { Modules, Vendor } from './support/vendor.js';

type Provider = ((model: string) => unknown) & { embedding(model: string): unknown };
interface Ai {
  generateText(call: object): Promise<{ readonly text: string }>;
  streamText(call: object): { readonly fullStream: AsyncIterable<Part> };
  embed(call: object): Promise<unknown>;
}
interface Part {
  readonly type: string;
  readonly text?: string;
  readonly error?: unknown;
}
interface OpenAiProvider {
  createOpenAI(options: object): Provider;
}

class Client {
  readonly ai: Ai;
  readonly openai: Provider;
  constructor(modules: Modules, options: object) {
    this.ai = modules.ai as Ai;
    this.openai = (modules['@ai-sdk/openai'] as OpenAiProvider).createOpenAI(options);
  }
}

const vendor: Vendor<Client> = {
  title: 'ai 6',
  packages: { ai: 'ai', '@ai-sdk/openai': '@ai-sdk/openai' },
  client: (modules, options) => new Client(modules, clientOptions(options, '/v1')),
  ask: async ({ ai, openai }, { model, maxTokens }) =>
    (await ai.generateText({ model: openai(model), maxOutputTokens: maxTokens, prompt: 'hi' })).text,
  async *stream({ ai, openai }, { model, maxTokens }) {
    const call = { model: openai(model), maxOutputTokens: maxTokens, prompt: 'hi', onError: () => undefined };
    for await (const { type, text, error } of ai.streamText(call).fullStream) {
      if (type === 'text-delta') yield text ?? '';
      // This SDK tells of a failure as a part of the stream.
      if (type === 'error') throw error;
    }
  },
  other: ({ ai, openai }) => ai.embed({ model: openai.embedding('text-embedding-3-small'), value: 'hi' }),
  wire: responsesWire,
  ...recordedResponses,
};

await tryPage<Client>(
  {
    name: 'vercel-ai',
    host: 'api.openai.com',
    models: { allowed: 'gpt-5-mini', denied: 'gpt-5' },
    vendors: [
      vendor,
      { ...vendor, title: 'ai 7', packages: { ai: 'ai-7', '@ai-sdk/openai': 'ai-sdk-openai-4' }, needsNode: 22 },
    ],
    takes: 'createOpenAI({ fetch })',
    instrument: 'instrument',
    keepsFetch: false,
    thrown: { error: 'CheckrdPolicyDenied', tries: 1 },
    answered: {
      error: 'AI_APICallError',
      says: (error: { readonly statusCode: number; readonly responseBody: string }) => ({
        status: error.statusCode,
        code: (JSON.parse(error.responseBody) as { readonly error: { readonly code: string } }).error.code,
      }),
    },
  },
  import.meta.url,
);
