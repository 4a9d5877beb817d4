/** groq-sdk: docs/sdks/groq.md. */
import { type ChatClient, chatVendor, chatWire, generated } from './support/chat-completions.js';
import { tryPage } from './support/page.js';

const wire = chatWire(usage => ({ x_groq: { id: 'r-1', usage } }));

await tryPage<ChatClient>(
  {
    ...generated,
    name: 'groq',
    host: 'api.groq.com',
    models: { allowed: 'llama-3.1-8b-instant', denied: 'llama-3.3-70b-versatile' },
    vendors: [chatVendor('groq-sdk', { 'groq-sdk': 'groq-sdk' }, '', wire)],
    instrument: 'instrumentGroq',
  },
  import.meta.url,
);
