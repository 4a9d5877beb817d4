// T-123 of THREAT-MODEL.md.
/** @google/genai, versions 2 and 3, in every way that is meant for it: docs/sdks/google-genai.md. It brings a dispatcher of its own. */
import { tryPage } from './support/page.js';
import type { Vendor } from './support/vendor.js';
import { type Asked, INPUT_TOKENS, WHOLE_TEXT, type Wire } from './support/wire.js';

interface Answer {
  readonly text?: string;
}
interface Client {
  readonly models: {
    generateContent(request: object): Promise<Answer>;
    generateContentStream(request: object): Promise<AsyncIterable<Answer>>;
    list(): Promise<unknown>;
  };
}
interface Sdk {
  readonly GoogleGenAI: new (options: object) => Client;
}

const part = (model: string, text: string, words: object): object => ({
  candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] } }],
  usageMetadata: { promptTokenCount: INPUT_TOKENS, ...words },
  modelVersion: model,
});

const wire: Wire = {
  read: (path, body) => ({
    model: /models\/([^:]+):/.exec(path)?.[1] ?? '',
    maxTokens: (body.generationConfig as { readonly maxOutputTokens: number }).maxOutputTokens,
    isStream: path.includes(':streamGenerateContent'),
  }),
  whole: ({ model }) => part(model, WHOLE_TEXT, { candidatesTokenCount: 1 }),
  opening: () => [],
  word: ({ model }, text) => [{ data: part(model, text, {}) }],
  closing: ({ model, maxTokens }) => [{ data: part(model, '', { candidatesTokenCount: maxTokens }) }],
};

const request = ({ model, maxTokens }: Asked): object => ({
  model,
  contents: 'hi',
  config: { maxOutputTokens: maxTokens },
});

const vendor: Vendor<Client> = {
  title: '@google/genai 2',
  packages: { '@google/genai': '@google/genai' },
  client: (modules, { url, fetch }) =>
    new (modules['@google/genai'] as Sdk).GoogleGenAI({ apiKey: 'none', httpOptions: { baseUrl: url, fetch } }),
  ask: async (client, asked) => (await client.models.generateContent(request(asked))).text ?? '',
  async *stream(client, asked) {
    for await (const { text } of await client.models.generateContentStream(request(asked))) if (text) yield text;
  },
  other: client => client.models.list(),
  wire,
  recorded: (model, words) => ({ model, input_tokens: INPUT_TOKENS, output_tokens: words }),
  recordedWhenCut: model => ({ model, input_tokens: INPUT_TOKENS }),
};

await tryPage<Client>(
  {
    name: 'google-genai',
    host: 'generativelanguage.googleapis.com',
    models: { allowed: 'gemini-2.5-flash', denied: 'gemini-2.5-pro' },
    vendors: [
      vendor,
      { ...vendor, title: '@google/genai 3', packages: { '@google/genai': 'google-genai-3' }, needsNode: 22 },
    ],
    takes: 'httpOptions.fetch',
    instrument: 'instrumentGoogleGenAI',
    keepsFetch: false,
    thrown: { error: 'CheckrdPolicyDenied', tries: 1 },
    answered: {
      error: 'ApiError',
      says: (error: { readonly status: number; readonly message: string }) => ({
        status: error.status,
        code: (JSON.parse(error.message) as { readonly error: { readonly code: string } }).error.code,
      }),
    },
  },
  import.meta.url,
);
