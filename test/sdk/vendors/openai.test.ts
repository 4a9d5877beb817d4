/** openai, versions 6 and 7, both APIs: docs/sdks/openai.md. */
import { type ChatClient, chatVendor, chatWire, clientOptions, generated, sdkOf } from './support/chat-completions.js';
import { tryPage } from './support/page.js';
import { recordedResponses, responsesWire } from './support/responses.js';
import type { Vendor } from './support/vendor.js';

interface Client extends ChatClient {
  readonly responses: { create(body: object): Promise<unknown> };
}
interface Delta {
  readonly type: string;
  readonly delta?: string;
}

const chat = chatVendor<Client>('openai 6, chat', { openai: 'openai' }, '/v1', chatWire());

const responses: Vendor<Client> = {
  ...chat,
  title: 'openai 6, responses',
  client: (modules, options) => new (sdkOf<new (given: object) => Client>(modules))(clientOptions(options, '/v1')),
  ask: async (client, { model, maxTokens }) => {
    const answer = await client.responses.create({ model, max_output_tokens: maxTokens, input: 'hi' });
    return (answer as { readonly output_text: string }).output_text;
  },
  async *stream(client, { model, maxTokens }) {
    const stream = await client.responses.create({ model, max_output_tokens: maxTokens, input: 'hi', stream: true });
    for await (const { type, delta } of stream as AsyncIterable<Delta>) {
      if (type === 'response.output_text.delta') yield delta ?? '';
    }
  },
  wire: responsesWire,
  ...recordedResponses,
};

await tryPage<Client>(
  {
    ...generated,
    name: 'openai',
    host: 'api.openai.com',
    models: { allowed: 'gpt-5-mini', denied: 'gpt-5' },
    vendors: [
      chat,
      { ...responses, isSecond: true },
      { ...chat, title: 'openai 7, chat', packages: { openai: 'openai-7' }, needsNode: 22 },
      {
        ...responses,
        title: 'openai 7, responses',
        packages: { openai: 'openai-7' },
        needsNode: 22,
        isSecond: true,
      },
    ],
    instrument: 'instrumentOpenAI',
  },
  import.meta.url,
);
