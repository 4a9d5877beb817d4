/**
 * The agent of the demonstration: an ordinary program that talks to a model through the `openai` package.
 * Two lines make it a guarded one: `new Checkrd(…)` and `fetch: checkrd.wrap(fetch)`.
 *
 * It takes its orders from its parent process, so that the demonstration can say when it does what.
 */
import { Checkrd, findPolicyDenied } from 'checkrd';
import OpenAI from 'openai';

const { BASE_URL: baseURL } = process.env;
if (baseURL === undefined || process.send === undefined) throw new Error('started by examples/demo/main.ts');

// Configuration comes from CHECKRD_CONFIG_DIR and CHECKRD_AGENT_ID.
const checkrd = new Checkrd({ onDenied: 'response' });
const openai = new OpenAI({ baseURL, apiKey: 'demo', fetch: checkrd.wrap(fetch) });

export type Order =
  | { readonly do: 'chat'; readonly model: string; readonly maxTokens: number }
  | { readonly do: 'stream'; readonly model: string }
  | { readonly do: 'list' }
  | { readonly do: 'health' }
  | { readonly do: 'end' };

/** `word` reports repeat; every order ends with exactly one of the others. */
export type Report =
  | { readonly is: 'word'; readonly text: string }
  | { readonly is: 'answer'; readonly text: string }
  | { readonly is: 'denied'; readonly code: string; readonly reason: string }
  | { readonly is: 'error'; readonly text: string }
  | { readonly is: 'health'; readonly text: string };

const report = (message: Report): void => void process.send?.(message);

process.on('message', (order: Order) => {
  obey(order).catch(error => report(explain(error)));
});
report({ is: 'answer', text: 'ready' });

async function obey(order: Order): Promise<void> {
  const messages = [{ role: 'user' as const, content: 'Say hello.' }];
  switch (order.do) {
    case 'chat': {
      const answer = await openai.chat.completions.create({ model: order.model, max_tokens: order.maxTokens, messages });
      return report({ is: 'answer', text: answer.choices[0]?.message.content ?? '' });
    }
    case 'stream': {
      const words = await openai.chat.completions.create({ model: order.model, max_tokens: 100, messages, stream: true });
      for await (const chunk of words) report({ is: 'word', text: chunk.choices[0]?.delta.content ?? '' });
      return report({ is: 'answer', text: 'the stream ended by itself' });
    }
    case 'list':
      await openai.models.list();
      return report({ is: 'answer', text: 'listed' });
    case 'health':
      return report({ is: 'health', text: JSON.stringify(checkrd.healthy()) });
    case 'end':
      await checkrd.close();
      process.disconnect?.();
  }
}

/** A denial reaches the program as a 403 with a body, or, in mid-stream, as the error itself. */
function explain(error: unknown): Report {
  const denial = findPolicyDenied(error);
  if (denial !== null) return { is: 'denied', code: denial.code, reason: denial.reason };
  if (error instanceof OpenAI.APIError && error.status === 403) {
    return { is: 'denied', code: String(error.code), reason: error.message.replace(/^403 /, '') };
  }
  return { is: 'error', text: String(error) };
}
