/** Days and zones, as `checkrd decide` sees them. */
import { type Group, runGroups } from './run-cases.js';

const url = 'https://a.example/';
const at = (time: string) => ({ url, at: time });

const groups: Group[] = [
  {
    // Differs: elsewhere a zone with a name makes its condition always true, so that this allow would always let pass.
    name: 'an allow within office hours of a named zone lets nothing pass at night',
    policy: `default: deny
rules:
  - name: office
    allow: { url: "a.example", time_within: "09:00-17:00", days: [mon-fri], timezone: America/New_York }
`,
    cases: [
      [at('2026-01-07T13:59:59Z'), 'deny default_denied -'],
      [at('2026-01-07T14:00:00Z'), 'allow rule_allowed office'],
      [at('2026-01-07T21:59:59Z'), 'allow rule_allowed office'],
      [at('2026-01-07T22:00:00Z'), 'deny default_denied -'],
      [at('2026-01-10T15:00:00Z'), 'deny default_denied -'],
      // Summer time began on 8 March.
      [at('2026-03-09T13:00:00Z'), 'allow rule_allowed office'],
      [at('2026-03-09T21:00:00Z'), 'deny default_denied -'],
    ],
  },
  {
    name: 'a deny outside office hours of a named zone fires in the small hours, and not at noon',
    policy: `default: allow
rules:
  - name: closed
    deny: { time_outside: "09:00-17:00", days: [mon-fri], timezone: Australia/Lord_Howe }
`,
    cases: [
      [at('2026-01-07T01:00:00Z'), 'allow default_allowed -'],
      [at('2026-01-07T12:00:00Z'), 'deny rule_denied closed'],
      [at('2026-01-10T01:00:00Z'), 'deny rule_denied closed'],
    ],
  },
  {
    name: 'an hour that comes twice counts twice, one that is skipped never comes',
    policy: `default: allow
rules:
  - name: half-past-two
    deny: { time_within: "02:30-02:31", timezone: Europe/Berlin }
`,
    cases: [
      [at('2026-03-29T00:59:59Z'), 'allow default_allowed -'],
      [at('2026-03-29T01:00:00Z'), 'allow default_allowed -'],
      [at('2026-03-29T01:30:00Z'), 'allow default_allowed -'],
      [at('2026-10-25T00:30:00Z'), 'deny rule_denied half-past-two'],
      [at('2026-10-25T00:31:00Z'), 'allow default_allowed -'],
      [at('2026-10-25T01:30:00Z'), 'deny rule_denied half-past-two'],
      [at('2026-10-25T02:30:00Z'), 'allow default_allowed -'],
    ],
  },
];

runGroups(groups);
