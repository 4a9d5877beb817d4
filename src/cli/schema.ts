import { settingsSchema } from '../core/config/schema.js';
import { policySchema } from '../core/policy/schema.js';
import { nearest } from '../core/policy/suggest.js';
import { Misuse } from './args.js';
import { type Command, EXIT } from './io.js';

const ACTS = {
  policy: { means: 'of a policy; so too if nothing is said', schema: policySchema },
  settings: { means: 'of checkrd.yaml', schema: settingsSchema },
} as const;

export const schema: Command = {
  name: 'schema',
  summary: 'print the JSON Schema of a policy, or of the settings, for editors',
  synopsis: ['[policy | settings] [--json]'],
  about: `
Prints JSON Schema 2020-12. Write it beside the policy, and name it in the policy's first line:

  checkrd schema > policy.schema.json
  # yaml-language-server: $schema=policy.schema.json

--json prints it on one line. Some policies that it takes do not load; \`checkrd check\` has the last word, and \`checkrd config\`
of settings.`,
  acts: { policy: ACTS.policy.means, settings: ACTS.settings.means },
  operands: { min: 0, max: 1, what: 'policy or settings', takes: { called: 'WHAT', is: 'text' } },
  flags: {},
  exit: { ok: 'done' },
  async run(given, io) {
    const [what = 'policy'] = given.words;
    if (what !== 'policy' && what !== 'settings') {
      const meant = nearest(what, Object.keys(ACTS));
      throw new Misuse(
        `there is no schema of '${what}'`,
        meant === null ? 'policy or settings' : `did you mean '${meant}'?`,
      );
    }
    io.out(JSON.stringify(ACTS[what].schema(), null, given.on('json') ? undefined : 2));
    return EXIT.ok;
  },
};
