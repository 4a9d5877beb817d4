/** together-ai: docs/sdks/together.md. */
import { type ChatClient, chatVendor, chatWire, generated } from './support/chat-completions.js';
import { tryPage } from './support/page.js';

await tryPage<ChatClient>(
  {
    ...generated,
    name: 'together',
    host: 'api.together.ai',
    models: { allowed: 'openai/gpt-oss-20b', denied: 'openai/gpt-oss-120b' },
    vendors: [chatVendor('together-ai', { 'together-ai': 'together-ai' }, '/v1', chatWire())],
    instrument: 'instrumentTogether',
  },
  import.meta.url,
);
