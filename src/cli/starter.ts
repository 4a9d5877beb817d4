/** The files that `checkrd init` writes. Both load as they are. */
import { SETTING_KEYS, type SettingKey } from '../core/config/keys.js';

export const STARTER_POLICY = `# yaml-language-server: $schema=policy.schema.json
# (\`checkrd schema > policy.schema.json\` writes that file; editors then check as you type.)
#
# What agents on this machine may call. docs/policy.md explains every key.
#
# Nothing is allowed yet: with \`default: deny\` every call is refused until a rule below allows it.
# Save this file and it is in force within a second; a mistake keeps the last good version in force.
# \`checkrd check policy.yaml\` says what is wrong, with line and column.
#
# To see first what would be denied, without denying it, change \`enforce\` to \`dry_run\`.

default: deny
mode: enforce

rules:
  # Remove the \`#\` below to let agents use one model through one API:
  #
  # - name: chat
  #   allow:
  #     method: POST
  #     url: api.openai.com/v1/chat/completions
  #     body: { jsonpath: $.model, in: [gpt-4o-mini] }
  #
  # - name: chat-rate
  #   limit: { calls_per_minute: 60, per: agent }

  - name: no-deletes
    deny: { method: DELETE, url: "*" }

# Run before the policy goes live; one that fails keeps the last good version in force.
tests:
  - name: deletes are refused
    request: { method: DELETE, url: "https://api.example.com/things/1" }
    expect: { result: deny, rule: no-deletes }
`;

/** Every setting, commented out, with what it means and its default. */
export function starterSettings(): string {
  const lines = [
    '# Settings of checkrd. docs/settings.md explains them; every one has an environment variable too.',
    '# A line without `#` overrides the default. Unknown names and wrong values are errors.',
    '',
  ];
  let group = '';
  for (const key of SETTING_KEYS) {
    const parts = key.name.split('.');
    const name = parts.at(-1) ?? key.name;
    const inside = parts.length > 1;
    lines.push(`# ${key.means} (default: ${key.start.replaceAll('`', '')}; $${key.env})`);
    if (inside && parts[0] !== group) lines.push(`# ${parts[0]}:`);
    group = inside ? (parts[0] ?? '') : '';
    lines.push(`#${inside ? '   ' : ' '}${name}: ${EXAMPLES[key.name] ?? exampleOf(key)}`, '');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

const EXAMPLES: Readonly<Record<string, string>> = {
  agent_id: 'my-agent',
  policy: 'policy.yaml',
  killswitch: 'killswitch',
  'audit.path': 'audit/my-agent.jsonl',
  'audit.rotate_bytes': '104857600',
  'audit.keep_files': '30',
  'audit.keep_days': '400',
  'audit.keep_bytes': '10737418240',
  'audit.heads_file': '/var/log/checkrd-heads',
  state_dir: 'state',
  keys_dir: 'keys',
  inspect_bytes: '1048576',
  operators_group: 'checkrd-ops',
  'daemon.socket': '/run/checkrd/checkrd.sock',
  'daemon.agents': '[{ id: my-agent, group: my-agent }]',
  'daemon.drain_timeout': '10',
  'daemon.metrics': '127.0.0.1:9464',
  'log.level': 'info',
  'log.file': 'log/checkrd',
};

function exampleOf(key: SettingKey): string {
  return key.kind.is === 'choice' ? (key.kind.of[0] ?? '') : key.start.replaceAll('`', '');
}
