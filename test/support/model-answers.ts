/** Answers of models as each vendor sends them, cut down to what matters here, and what an outcome says of them. */
import type { Usage } from '#src/core/outcome/usage.js';

export interface ModelAnswer {
  readonly name: string;
  readonly type: string;
  readonly body: string;
  readonly usage: Usage | null;
}

const json = (name: string, body: unknown, usage: Usage | null): ModelAnswer => ({
  name,
  type: 'application/json',
  body: JSON.stringify(body, null, 1),
  usage,
});
const events = (name: string, data: readonly unknown[], usage: Usage | null, end = '\n'): ModelAnswer => ({
  name,
  type: 'text/event-stream; charset=utf-8',
  body: data
    .map(one => `event: x${end}data: ${typeof one === 'string' ? one : JSON.stringify(one)}${end}${end}`)
    .join(''),
  usage,
});

const liar = 'said: "usage": {"prompt_tokens": 9} } ] \\" data: {"model":"x"}';
const chunk = {
  id: 'c',
  object: 'chat.completion.chunk',
  model: 'gpt-4o-mini',
  choices: [{ delta: { content: liar } }],
};

export const MODEL_ANSWERS: readonly ModelAnswer[] = [
  json(
    'OpenAI chat',
    {
      object: 'chat.completion',
      model: 'gpt-4o-2024-08-06',
      choices: [{ message: { content: liar, model: 'no' }, usage: { prompt_tokens: 1 } }],
      usage: {
        prompt_tokens: 19,
        completion_tokens: 10,
        total_tokens: 29,
        prompt_tokens_details: { cached_tokens: 7 },
      },
    },
    { model: 'gpt-4o-2024-08-06', inputTokens: 19, outputTokens: 10 },
  ),
  events(
    'OpenAI chat, streamed with usage',
    [
      { ...chunk, usage: null },
      { ...chunk, usage: null },
      { ...chunk, choices: [], usage: { prompt_tokens: 5, completion_tokens: 6 } },
      '[DONE]',
    ],
    { model: 'gpt-4o-mini', inputTokens: 5, outputTokens: 6 },
  ),
  events('OpenAI chat, streamed without usage', [chunk, chunk, '[DONE]'], { model: 'gpt-4o-mini' }),
  json(
    'OpenAI responses',
    {
      object: 'response',
      model: 'gpt-5',
      output: [{ type: 'message' }],
      usage: { input_tokens: 36, output_tokens: 87 },
    },
    { model: 'gpt-5', inputTokens: 36, outputTokens: 87 },
  ),
  events(
    'OpenAI responses, streamed',
    [
      { type: 'response.created', response: { object: 'response', model: 'gpt-5', usage: null } },
      { type: 'response.output_text.delta', delta: liar },
      {
        type: 'response.completed',
        response: { object: 'response', model: 'gpt-5', usage: { input_tokens: 1, output_tokens: 2 } },
      },
    ],
    { model: 'gpt-5', inputTokens: 1, outputTokens: 2 },
    '\r\n',
  ),
  json(
    'Anthropic messages',
    {
      type: 'message',
      model: 'claude-sonnet-4-5',
      content: [{ type: 'text', text: liar }],
      usage: { input_tokens: 10, cache_read_input_tokens: 100, cache_creation_input_tokens: 1000, output_tokens: 7 },
    },
    { model: 'claude-sonnet-4-5', inputTokens: 1110, outputTokens: 7 },
  ),
  events(
    'Anthropic messages, streamed',
    [
      { type: 'message_start', message: { model: 'claude-sonnet-4-5', usage: { input_tokens: 25, output_tokens: 1 } } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: liar } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 15 } },
      { type: 'message_stop' },
    ],
    { model: 'claude-sonnet-4-5', inputTokens: 25, outputTokens: 15 },
  ),
  json(
    'Gemini',
    {
      candidates: [{ content: { parts: [{ text: liar }] } }],
      usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 30, thoughtsTokenCount: 12, totalTokenCount: 46 },
      modelVersion: 'gemini-2.5-flash',
    },
    { model: 'gemini-2.5-flash', inputTokens: 4, outputTokens: 42 },
  ),
  json(
    'Gemini, streamed as an array',
    [
      {
        candidates: [[1, { model: 'x' }]],
        usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 1 },
        modelVersion: 'gemini-2.5-pro',
      },
      {
        candidates: [],
        usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 9 },
        modelVersion: 'gemini-2.5-pro',
      },
    ],
    { model: 'gemini-2.5-pro', inputTokens: 4, outputTokens: 9 },
  ),
  json(
    'Cohere chat',
    {
      message: { role: 'assistant' },
      usage: { billed_units: { input_tokens: 5, output_tokens: 4 }, tokens: { input_tokens: 71, output_tokens: 19 } },
    },
    { inputTokens: 71, outputTokens: 19 },
  ),
  events(
    'Cohere chat, streamed',
    [
      { type: 'content-delta', delta: { message: { content: { text: liar } } } },
      {
        type: 'message-end',
        delta: { finish_reason: 'COMPLETE', usage: { tokens: { input_tokens: 3, output_tokens: 8 } } },
      },
    ],
    { inputTokens: 3, outputTokens: 8 },
    '\r',
  ),
  json('Cohere embed', { embeddings: [[0.1, -2e-3]], meta: { billed_units: { input_tokens: 2 } } }, { inputTokens: 2 }),
  events(
    'Groq, streamed',
    [chunk, { ...chunk, x_groq: { id: 'r', usage: { prompt_tokens: 11, completion_tokens: 12 } } }, '[DONE]'],
    { model: 'gpt-4o-mini', inputTokens: 11, outputTokens: 12 },
  ),
  json(
    'Bedrock Converse',
    {
      output: { message: { content: [{ text: liar }] } },
      usage: { inputTokens: 125, outputTokens: 60, totalTokens: 185 },
      metrics: { latencyMs: 1 },
    },
    { inputTokens: 125, outputTokens: 60 },
  ),
  {
    name: 'Ollama, streamed',
    type: 'application/x-ndjson',
    body: `${JSON.stringify({ model: 'llama3:8b', message: { content: liar } })}\n${JSON.stringify({ model: 'llama3:8b', done: true, prompt_eval_count: 26, eval_count: 298 })}\n`,
    usage: { model: 'llama3:8b', inputTokens: 26, outputTokens: 298 },
  },
];
