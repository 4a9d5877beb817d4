/** The responses API of OpenAI, which its SDK and the Vercel AI SDK speak. */
import { type Asked, INPUT_TOKENS, WHOLE_TEXT, type Wire, type WireEvent } from './wire.js';

const ITEM = 'm-1';

const message = (text: string): object => ({
  type: 'message',
  id: ITEM,
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [] }],
});

const response = (asked: Asked, status: string, more: object): object => ({
  id: 'r-1',
  object: 'response',
  created_at: 0,
  status,
  error: null,
  incomplete_details: null,
  model: asked.model,
  ...more,
});

const complete = (asked: Asked, text: string, words: number): object =>
  response(asked, 'completed', {
    output: [message(text)],
    usage: { input_tokens: INPUT_TOKENS, output_tokens: words, total_tokens: INPUT_TOKENS + words },
  });

const event = (type: string, fields: object): WireEvent => ({
  event: type,
  data: { type, sequence_number: 0, ...fields },
});

export const responsesWire: Wire = {
  read: (_path, body) => ({
    model: String(body.model),
    maxTokens: Number(body.max_output_tokens),
    isStream: body.stream === true,
  }),
  whole: asked => complete(asked, WHOLE_TEXT, 1),
  opening: asked => [
    event('response.created', { response: response(asked, 'in_progress', { output: [], usage: null }) }),
    event('response.output_item.added', { output_index: 0, item: { type: 'message', id: ITEM, content: [] } }),
  ],
  word: (_asked, text) => [
    event('response.output_text.delta', { item_id: ITEM, output_index: 0, content_index: 0, delta: text }),
  ],
  closing: asked => [
    event('response.output_item.done', { output_index: 0, item: message('all') }),
    event('response.completed', { response: complete(asked, 'all', asked.maxTokens) }),
  ],
};

/** An outcome takes its model from the first event, and its tokens from the last. */
export const recordedResponses = {
  recorded: (model: string, words: number) => ({ model, input_tokens: INPUT_TOKENS, output_tokens: words }),
  recordedWhenCut: (model: string) => ({ model }),
};
