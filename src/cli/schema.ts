import { policySchema } from '../core/policy/schema.js';
import { type Command, EXIT } from './io.js';

export const schema: Command = {
  name: 'schema',
  summary: 'print the JSON Schema of a policy, for editors',
  synopsis: ['[--json]'],
  about: `
Prints JSON Schema 2020-12. Write it beside the policy, and name it in the policy's first line:

  checkrd schema > policy.schema.json
  # yaml-language-server: $schema=policy.schema.json

--json prints it on one line. Some policies that it takes do not load; \`checkrd check\` has the last word.`,
  flags: {},
  exit: { ok: 'done' },
  async run(given, io) {
    io.out(JSON.stringify(policySchema(), null, given.on('json') ? undefined : 2));
    return EXIT.ok;
  },
};
