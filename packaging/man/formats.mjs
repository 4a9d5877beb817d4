// Section 5: the settings, the policy and the audit log, from the tables that their readers and writers use.
import { FIELDS, TYPES } from './audit-words.mjs';
import { bold, page, paragraphs, prose, sees, tagged } from './roff.mjs';

const SEE = self => [
  'SEE ALSO',
  sees([
    ['checkrd', 1],
    ...['checkrd.yaml', 'checkrd-audit', 'checkrd-policy'].filter(n => n !== self).map(n => [n, 5]),
  ]),
];

export function settingsPage(edition, { OTHER_VARIABLES, SETTING_KEYS, wanted }) {
  const rows = SETTING_KEYS.map(({ name, env, kind, start, means, lock }) => [
    bold(name),
    `${means}.`,
    `Takes ${wanted(kind)}. Default: ${start}. Variable: \`${env}\`.`,
    ...(lock === null ? [] : [lock === 'said' ? 'Locked once it is said.' : `Locked at \`${lock}\`.`]),
  ]);
  return page(edition, 'checkrd.yaml', 5, 'settings of checkrd', [
    [
      'DESCRIPTION',
      paragraphs(`
Plain YAML 1.2: one document, no anchors, aliases or tags. A name that is not here is an error. A name with a dot stands inside
the mapping before the dot:

  policy: policy.yaml
  audit:
    path: audit/agents.jsonl

Relative paths start at the folder of the file. Every setting has an environment variable, which counts more than the file; an
option of the library counts more than both. What is locked here nobody above the file may change. \`checkrd config\` prints
every value and where it came from, \`checkrd schema settings\` the same rules for editors.`),
    ],
    ['SETTINGS', tagged(rows)],
    ['ENVIRONMENT', prose(`No settings, but known: ${OTHER_VARIABLES.map(name => `\`${name}\``).join(', ')}.`)],
    [
      'FILES',
      tagged([
        [bold('/etc/checkrd/checkrd.yaml'), 'of an installation'],
        [bold('~/.checkrd/checkrd.yaml'), 'elsewhere, unless `CHECKRD_CONFIG_DIR` names another folder'],
      ]),
    ],
    SEE('checkrd.yaml'),
  ]);
}

const TAKES = {
  string: 'a text',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  operand: 'a text, a number, true, false or null',
  list: 'a list',
  map: 'a mapping',
  string_or_list: 'a text or a list of texts',
  map_or_list: 'a mapping or a list of them',
  string_map_or_list: 'a text, a mapping or a list',
};

function takes(row) {
  const range =
    row.from === undefined ? '' : row.to === undefined ? `, from ${row.from}` : `, ${row.from} to ${row.to}`;
  return `${row.values?.join(', ') ?? TAKES[row.type] + range}${row.required ? '; required' : ''}`;
}

export function policyPage(edition, { DOCUMENT_KEYS, MATCHER_KEYS, TABLES }) {
  const own = table => Object.fromEntries(Object.entries(table).filter(([key]) => !Object.hasOwn(MATCHER_KEYS, key)));
  const part = (title, intro, table) => [
    title,
    ...(intro === '' ? [] : [prose(intro)]),
    tagged(Object.entries(table).map(([key, row]) => [bold(key), `${row.means} (${takes(row)})`])),
  ];
  return page(edition, 'checkrd-policy', 5, 'policy of checkrd', [
    [
      'DESCRIPTION',
      paragraphs(`
A policy is one YAML or JSON document. It says which calls pass; what no rule decides, \`default\` does. A key that is not here
is an error. \`checkrd check\` says whether it would load, \`checkrd test\` runs its own tests.`),
    ],
    [
      'EXAMPLE',
      paragraphs(
        '  default: deny\n  rules:\n    - name: read-tickets\n      allow: { method: GET, url: "api.example.com/tickets/**" }',
      ),
    ],
    part('DOCUMENT', '', DOCUMENT_KEYS),
    part(
      'RULES',
      'A name, one of `allow`, `deny` and `limit`, and matchers in the effect or beside it.',
      own(TABLES.rule),
    ),
    part('LIMITS', '', own(TABLES.limit)),
    part('MATCHERS', 'All that are given must hold.', MATCHER_KEYS),
    part('QUERY AND HEADERS', 'What `query` and `headers` hold.', TABLES.field),
    part('BODY AND ARGUMENTS', 'What `body` and `args` hold.', TABLES.body),
    part('TESTS', '', TABLES.test),
    part('REQUEST OF A TEST', '', TABLES.request),
    part('WHAT A TEST EXPECTS', '', TABLES.expect),
    SEE('checkrd-policy'),
  ]);
}

export function auditPage(edition, { FIELD_NAMES }) {
  const said = (table, name) => {
    if (!Object.hasOwn(table, name)) throw new Error(`packaging/man/audit-words.mjs has no words for ${name}`);
    return table[name];
  };
  const everywhere = ['v', 'log', 'seq', 'prev', 'time', 'type'];
  const fields = new Set(Object.values(FIELD_NAMES).flat());
  const rows = Object.entries(FIELD_NAMES).map(([type, names]) => [
    bold(type),
    `${said(TYPES, type)}.`,
    `Fields: ${names
      .filter(name => name !== 'type')
      .map(name => `\`${name}\``)
      .join(', ')}.`,
  ]);
  return page(edition, 'checkrd-audit', 5, 'audit log of checkrd', [
    [
      'DESCRIPTION',
      paragraphs(`
One record a line: flat canonical JSON (RFC 8785) with a newline, chained by SHA-256 and signed by checkpoints. A field that is
not here is in no record: no bodies, header values, query strings or tokens. A value that is not known is an absent field.
\`checkrd verify\` says whether a log is what was written.`),
    ],
    ['FIELDS OF EVERY RECORD', tagged(everywhere.map(name => [bold(name), said(FIELDS, name)]))],
    ['RECORDS', tagged(rows)],
    [
      'FIELDS',
      tagged(
        [...fields]
          .filter(name => !everywhere.includes(name))
          .sort()
          .map(name => [bold(name), said(FIELDS, name)]),
      ),
    ],
    SEE('checkrd-audit'),
  ]);
}
