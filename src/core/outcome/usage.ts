/**
 * What the answer of a model says of itself, and where each vendor says it.
 *
 *   in   : values found at known places of a JSON document
 *   out  : model and tokens of a call; nothing of a document that is no model's answer
 *   never: a value that is not a whole number of tokens
 *
 * Tokens are counted as OpenTelemetry's semantic conventions do: input with what was cached, output with what was thought.
 *
 * @see OpenAI chat and responses, Anthropic messages, Gemini generateContent, Cohere chat, Mistral chat, Bedrock Converse and
 *   Ollama chat, as their references stood in November 2026.
 */

/** What an outcome says of a model's answer. */
export interface Usage {
  /** As the answer spells it; text.ts decides what may stand in a record. */
  readonly model?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
}

/** What a place holds; the same slot from several places: the last one counts. */
export type Slot =
  | 'model'
  | 'kind'
  | 'prompt'
  | 'completion'
  | 'input'
  | 'output'
  | 'cacheRead'
  | 'cacheWrite'
  | 'toolInput'
  | 'thoughts'
  | 'billedInput'
  | 'billedOutput';

/** Keys that are worth looking at; everything else is passed over. */
export type Places = ReadonlyMap<string, Slot | Places>;

export type Found = Partial<Record<Slot, string | number>>;

const places = (of: Readonly<Record<string, Slot | Places>>): Places => new Map(Object.entries(of));

const cohereTokens = places({ input_tokens: 'input', output_tokens: 'output' });
const cohereBilled = places({ input_tokens: 'billedInput', output_tokens: 'billedOutput' });
const usage = places({
  // OpenAI chat, Mistral, Groq, Together: what is cached or thought is part of these.
  prompt_tokens: 'prompt',
  completion_tokens: 'completion',
  // OpenAI responses, Anthropic. Anthropic counts what is cached apart.
  input_tokens: 'input',
  output_tokens: 'output',
  cache_read_input_tokens: 'cacheRead',
  cache_creation_input_tokens: 'cacheWrite',
  // Bedrock Converse.
  inputTokens: 'input',
  outputTokens: 'output',
  cacheReadInputTokens: 'cacheRead',
  cacheWriteInputTokens: 'cacheWrite',
  // Cohere, version 2.
  tokens: cohereTokens,
  billed_units: cohereBilled,
});
const answer = {
  model: 'model',
  object: 'kind',
  usage,
  // Gemini.
  modelVersion: 'model',
  usageMetadata: places({
    promptTokenCount: 'prompt',
    toolUsePromptTokenCount: 'toolInput',
    candidatesTokenCount: 'completion',
    thoughtsTokenCount: 'thoughts',
  }),
  // Cohere, version 1.
  meta: places({ tokens: cohereTokens, billed_units: cohereBilled }),
  // Ollama.
  prompt_eval_count: 'prompt',
  eval_count: 'completion',
} as const;

/** Of a whole answer, and of each event of a stream. */
export const PLACES: Places = places({
  ...answer,
  /** OpenAI responses and Cohere version 1, streamed. */
  response: places(answer),
  /** Anthropic, the first event of a stream. */
  message: places(answer),
  /** Cohere version 2, the last event of a stream. */
  delta: places({ usage }),
  /** Groq, the last event of a stream. */
  x_groq: places({ usage }),
});

/** `object` of answers that name their model and may count nothing. */
const KINDS: ReadonlySet<unknown> = new Set([
  'chat.completion',
  'chat.completion.chunk',
  'text_completion',
  'response',
]);

/** Null: this was no model's answer. Many documents have a `model`; alone it says nothing. */
export function usageOf(found: Found): Usage | null {
  const inputTokens = total(
    found.prompt ?? sum(found.input ?? found.billedInput, found.cacheRead, found.cacheWrite),
    found.toolInput,
  );
  const outputTokens = total(found.completion ?? found.output ?? found.billedOutput, found.thoughts);
  if (inputTokens === undefined && outputTokens === undefined && !KINDS.has(found.kind)) return null;
  return {
    ...(typeof found.model === 'string' ? { model: found.model } : {}),
    ...(inputTokens === undefined ? {} : { inputTokens }),
    ...(outputTokens === undefined ? {} : { outputTokens }),
  };
}

/** Undefined without a first part: what is added to nothing known is no total. */
function sum(first: unknown, ...more: readonly unknown[]): number | undefined {
  if (typeof first !== 'number') return undefined;
  return more.reduce<number>((all, part) => all + (typeof part === 'number' ? part : 0), first);
}

function total(first: unknown, ...more: readonly unknown[]): number | undefined {
  const all = sum(first, ...more);
  return Number.isSafeInteger(all) ? all : undefined;
}
