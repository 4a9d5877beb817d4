/** What policies and requests are made of: small pools, so that they meet. */

/** A number in a policy keeps its spelling through `policyText`. */
export const raw = (text: string): string => `\u0001${text}`;

/** JSON text of a policy whose numbers may be `raw`. */
export const textOf = (policy: object): string => JSON.stringify(policy).replace(/"\\u0001([^"]*)"/g, '$1');

export const NUMBERS = [
  '0',
  '-0',
  '1',
  '1.0',
  '10e-1',
  '5',
  '5e0',
  '50000',
  '50000.0',
  '5e4',
  '0.1',
  '-1',
  '1e100000',
  '9007199254740993',
  '9007199254740992',
  '1e-100000',
];
export const TEXTS = ['a', 'b', '5', 'true', '', 'é', '😀', ' 1', '1e3', 'ab'];
export const NEEDLES = ['a', 'b', 'ab', '1', 'é', 'a, b', 'a b', ','];

/** A pattern with texts that it finds something in; other texts find their way here from the other pools. */
export const REGEXES = [
  { pattern: '^a+$', finds: ['a', 'aaa'] },
  { pattern: 'b', finds: ['ab', 'xb'] },
  { pattern: '^(a|b)*c?$', finds: ['abab', 'abc', ''] },
  { pattern: '[0-9]{2,3}', finds: ['12', 'a123'] },
  { pattern: '(?i)AB', finds: ['xaB', 'AB'] },
  { pattern: '\\bab\\b', finds: ['x ab', 'é ab.'] },
  { pattern: '^.$', finds: ['é', '😀', '5'] },
  { pattern: '\\d+\\.\\d*$', finds: ['1.0', '12.'] },
  { pattern: '[^a-z]', finds: ['A', 'é', '5'] },
  { pattern: '^\\s*$', finds: ['', ' '] },
  { pattern: 'a.*b|^$', finds: ['a, b', 'axb'] },
  { pattern: '\\pL\\PL', finds: ['a1', 'é '] },
  { pattern: '(?s)^.{3}\\z', finds: ['a\nb', 'abc'] },
  { pattern: '(?m)^b$', finds: ['a\nb', 'b'] },
  { pattern: '\\x{1F600}', finds: ['😀'] },
  { pattern: '^a??b{0,2}$', finds: ['abb', 'b'] },
] as const;

/** A path, and ways down a body that it names. */
export interface PathChoice {
  readonly text: string;
  readonly ways: readonly (readonly (string | number)[])[];
}

export const PATHS: readonly PathChoice[] = [
  { text: '$.a', ways: [['a']] },
  { text: '$.a', ways: [['a']] },
  { text: '$.b', ways: [['b']] },
  { text: '$.a.b', ways: [['a', 'b']] },
  { text: 'a.b', ways: [['a', 'b']] },
  { text: '$.a[0]', ways: [['a', 0]] },
  { text: '$.a.0.b', ways: [['a', 0, 'b']] },
  { text: "$['a b']", ways: [['a b']] },
  { text: '$', ways: [[]] },
  { text: '$["a"][1]', ways: [['a', 1]] },
  { text: 'c', ways: [['c']] },
  { text: '$.é', ways: [['é']] },
];
export const MANY_PATHS: readonly PathChoice[] = [
  {
    text: '$.a[*]',
    ways: [
      ['a', 0],
      ['a', 1],
      ['a', 'b'],
    ],
  },
  { text: '$.*', ways: [['a'], ['c'], [0]] },
  { text: '$..a', ways: [['a'], ['c', 'a'], [0, 'a'], ['a', 0, 'a']] },
  { text: "$..['b']", ways: [['b'], ['a', 'b'], ['a', 1, 'b']] },
  {
    text: '$.a[*].b',
    ways: [
      ['a', 0, 'b'],
      ['a', 'c', 'b'],
    ],
  },
  {
    text: '$.a..b',
    ways: [
      ['a', 'b'],
      ['a', 0, 'c', 'b'],
    ],
  },
  {
    text: '$..a.b',
    ways: [
      ['a', 'b'],
      ['c', 'a', 'b'],
      ['a', 'a', 'b'],
    ],
  },
  {
    text: '$..a[*]',
    ways: [
      ['a', 0],
      ['b', 'a', 'c'],
    ],
  },
  { text: '*.b', ways: [['a', 'b']] },
];

export const TOOLS = ['read_file', 'read', 'write_file', 'github/a/b', 'github', 'a/12', 'é', 'A'];
export const TOOL_PATTERNS = [
  'read_*',
  'read_file',
  '*',
  '**',
  'github/**',
  'github/*/b',
  '**/b',
  'a/{id}',
  '*_file',
  'a/*',
  'é',
];

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun', 'mon-fri', 'sat-sun', 'wed-thu'];
export const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'America/St_Johns',
  'Pacific/Apia',
];
/** A plain Wednesday, and moments around changes of the clocks. */
export const STARTS = [
  '2026-01-07T12:00:00Z',
  '2026-01-07T12:00:00Z',
  '2026-01-04T23:59:00Z',
  '2026-03-29T00:59:58Z',
  '2026-10-25T00:29:59Z',
  '2026-03-08T06:59:59Z',
  '2026-11-01T05:59:59Z',
  '2026-04-04T14:59:59Z',
].map(text => Date.parse(text));
