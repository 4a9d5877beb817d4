/** @anthropic-ai/sdk: docs/sdks/anthropic.md. */
import { clientOptions, generated, sdkOf } from './support/chat-completions.js';
import { tryPage } from './support/page.js';
import type { Vendor } from './support/vendor.js';
import { type Asked, INPUT_TOKENS, WHOLE_TEXT, type Wire, type WireEvent } from './support/wire.js';

interface Client {
  readonly messages: { create(body: object): Promise<unknown> };
  readonly models: { list(): Promise<unknown> };
}
interface Message {
  readonly content: readonly { readonly text: string }[];
}
interface Event {
  readonly type: string;
  readonly delta?: { readonly text: string };
}

const message = ({ model }: Asked, content: readonly object[], stop: string | null, words: number): object => ({
  id: 'm-1',
  type: 'message',
  role: 'assistant',
  model,
  content,
  stop_reason: stop,
  stop_sequence: null,
  usage: { input_tokens: INPUT_TOKENS, output_tokens: words },
});
const event = (type: string, fields: object = {}): WireEvent => ({ event: type, data: { type, ...fields } });

const wire: Wire = {
  read: (_path, body) => ({
    model: String(body.model),
    maxTokens: Number(body.max_tokens),
    isStream: body.stream === true,
  }),
  whole: asked => message(asked, [{ type: 'text', text: WHOLE_TEXT }], 'end_turn', 1),
  opening: asked => [
    event('message_start', { message: message(asked, [], null, 1) }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  ],
  word: (_asked, text) => [event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })],
  closing: asked => [
    event('content_block_stop', { index: 0 }),
    event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: asked.maxTokens } }),
    event('message_stop'),
  ],
};

const body = ({ model, maxTokens }: Asked): object => ({
  model,
  max_tokens: maxTokens,
  messages: [{ role: 'user', content: 'hi' }],
});

const vendor: Vendor<Client> = {
  title: '@anthropic-ai/sdk',
  packages: { '@anthropic-ai/sdk': '@anthropic-ai/sdk' },
  client: (modules, options) => new (sdkOf<new (given: object) => Client>(modules))(clientOptions(options, '')),
  ask: async (client, asked) => ((await client.messages.create(body(asked))) as Message).content[0]?.text ?? '',
  async *stream(client, asked) {
    const stream = (await client.messages.create({ ...body(asked), stream: true })) as AsyncIterable<Event>;
    for await (const { type, delta } of stream) if (type === 'content_block_delta') yield delta?.text ?? '';
  },
  other: client => client.models.list(),
  wire,
  recorded: (model, words) => ({ model, input_tokens: INPUT_TOKENS, output_tokens: words }),
  recordedWhenCut: model => ({ model, input_tokens: INPUT_TOKENS, output_tokens: 1 }),
};

await tryPage<Client>(
  {
    ...generated,
    name: 'anthropic',
    host: 'api.anthropic.com',
    models: { allowed: 'claude-haiku-4-5', denied: 'claude-opus-4-5' },
    vendors: [vendor],
    instrument: 'instrumentAnthropic',
  },
  import.meta.url,
);
