// T-20, T-21, T-22 of THREAT-MODEL.md.
/** policy language §3.1 and §3.2: methods, URLs and their readings. */
import { type Group, runGroups, withHeaders } from './run-cases.js';

const allow = (url: string, more = ''): string =>
  `default: deny\nrules:\n  - name: r\n    allow: { url: ${JSON.stringify(url)}${more} }\n`;
const deny = (url: string, more = ''): string =>
  `default: allow\nrules:\n  - name: r\n    deny: { url: ${JSON.stringify(url)}${more} }\n`;
const YES = 'allow rule_allowed r';
const NO = 'deny default_denied -';
const FIRES = 'deny rule_denied r';
const PASSES = 'allow default_allowed -';
const UNSURE = 'deny rule_denied r ?';
const INVALID = 'deny request_invalid -';

const groups: Group[] = [
  {
    name: 'host and root path',
    policy: allow('api.example.com'),
    cases: [
      ['GET https://api.example.com', YES],
      ['GET https://api.example.com/', YES],
      ['GET http://api.example.com/', YES],
      ['GET https://API.EXAMPLE.COM./', YES],
      ['GET https://api.example.com/?q=1#f', YES],
      ['GET https://api.example.com/x', NO],
      ['GET https://api.example.com:8443/', NO],
      ['GET https://api.example.com:443/', YES],
      ['GET http://api.example.com:443/', NO],
      ['GET https://api.example.com.evil.net/', NO],
      ['GET https://xapi.example.com/', NO],
      ['GET tcp://api.example.com:443/', NO],
    ],
  },
  {
    name: 'deny covers every port',
    policy: deny('api.example.com/x'),
    cases: [
      ['GET https://api.example.com:8443/x', FIRES],
      ['GET https://api.example.com./x', FIRES],
      ['GET https://api.example.com/x/', FIRES],
      ['GET https://api.example.com/x//', FIRES],
      ['GET https://api.example.com//x', FIRES],
      ['GET https://api.example.com/%78', FIRES],
      ['GET https://api.example.com/%2578', FIRES],
      ['GET https://api.example.com/y/..%2fx', FIRES],
      ['GET https://api.example.com/y/..%5cx', FIRES],
      ['GET https://api.example.com/y/%252e%252e/x', FIRES],
      ['GET https://api.example.com/x;v=1', FIRES],
      ['GET https://api.example.com/x;v=1/', FIRES],
      ['GET https://api.example.com/X', PASSES],
      ['GET https://api.example.com/x/y', PASSES],
      ['GET https://api.example.com/%zz', UNSURE],
      ['GET https://api.example.com/%ff', UNSURE],
      ['GET https://api.example.com/%00', UNSURE],
      ['GET https://other.example.com/%ff', PASSES],
    ],
  },
  {
    name: 'allow needs every reading',
    policy: allow('api.example.com/a/*'),
    cases: [
      ['GET https://api.example.com/a/b', YES],
      ['GET https://api.example.com/a/b/', YES],
      ['GET https://api.example.com/a/', NO],
      ['GET https://api.example.com/a/b/c', NO],
      ['GET https://api.example.com/a/b%2Fc', NO],
      ['GET https://api.example.com/a/..%2Fadmin', NO],
      ['GET https://api.example.com/a/b;c', YES],
      ['GET https://api.example.com/a/%ff', NO],
      ['GET https://api.example.com/a/b%20c', YES],
      ['GET https://api.example.com/a/%E4%BD%A0', YES],
      ['GET https://api.example.com/a/你', YES],
    ],
  },
  {
    name: 'globs, double stars and ids',
    policy: `default: deny
rules:
  - { name: glob, allow: { url: "h.example/files/read_*" } }
  - { name: deep, allow: { url: "h.example/deep/**" } }
  - { name: mid, allow: { url: "h.example/mid/**/end" } }
  - { name: id, allow: { url: "h.example/users/{id}/profile" } }
  - { name: unicode, allow: { url: "h.example/größe" } }
`,
    cases: [
      ['GET https://h.example/files/read_', 'allow rule_allowed glob'],
      ['GET https://h.example/files/read_me', 'allow rule_allowed glob'],
      ['GET https://h.example/files/write_me', NO],
      ['GET https://h.example/files/read_me/x', NO],
      ['GET https://h.example/deep', 'allow rule_allowed deep'],
      ['GET https://h.example/deep/', 'allow rule_allowed deep'],
      ['GET https://h.example/deep/a/b/c', 'allow rule_allowed deep'],
      ['GET https://h.example/deeper', NO],
      ['GET https://h.example/mid/end', 'allow rule_allowed mid'],
      ['GET https://h.example/mid/a/end', 'allow rule_allowed mid'],
      ['GET https://h.example/mid/end/a/end', 'allow rule_allowed mid'],
      ['GET https://h.example/mid/a/end/b', NO],
      ['GET https://h.example/users/42/profile', 'allow rule_allowed id'],
      ['GET https://h.example/users/123e4567-e89b-12d3-a456-426614174000/profile', 'allow rule_allowed id'],
      ['GET https://h.example/users/deadbeef/profile', NO],
      ['GET https://h.example/users/deadbee1/profile', 'allow rule_allowed id'],
      ['GET https://h.example/users/abcdefghijklmno1/profile', 'allow rule_allowed id'],
      ['GET https://h.example/users/abcdefghijklmn1/profile', NO],
      ['GET https://h.example/users/alice/profile', NO],
      ['GET https://h.example/gr%C3%B6%C3%9Fe', 'allow rule_allowed unicode'],
    ],
  },
  {
    name: 'host globs',
    policy: `default: deny
rules:
  - { name: one, allow: { url: "*.one.example" } }
  - { name: many, allow: { url: "**.many.example" } }
  - { name: part, allow: { url: "api-*.part.example" } }
  - { name: anywhere, allow: { url: "*/health" } }
  - { name: tail, allow: { url: "**/metrics" } }
`,
    cases: [
      ['GET https://a.one.example/', 'allow rule_allowed one'],
      ['GET https://a.b.one.example/', NO],
      ['GET https://one.example/', NO],
      ['GET https://a.many.example/', 'allow rule_allowed many'],
      ['GET https://a.b.many.example/', 'allow rule_allowed many'],
      ['GET https://many.example/', NO],
      ['GET https://api-eu.part.example/', 'allow rule_allowed part'],
      ['GET https://api.part.example/', NO],
      ['GET https://whatever:8443/health', 'allow rule_allowed anywhere'],
      ['GET https://whatever/x/health', NO],
      ['GET https://whatever:81/a/b/metrics', 'allow rule_allowed tail'],
      ['GET https://whatever/metrics', 'allow rule_allowed tail'],
      ['GET tcp://whatever:443/health', NO],
    ],
  },
  {
    name: 'addresses in every spelling',
    policy: deny('127.0.0.1/**'),
    cases: [
      ['GET http://127.0.0.1/', FIRES],
      ['GET http://0x7f.1/x', FIRES],
      ['GET http://2130706433/x', FIRES],
      ['GET http://[::ffff:127.0.0.1]/x', FIRES],
      ['GET http://[::127.0.0.1]/x', FIRES],
      ['GET http://[::1]/x', PASSES],
      ['GET http://127.0.0.2/x', PASSES],
    ],
  },
  {
    name: 'schemes and ports',
    policy: `default: deny
rules:
  - { name: tls, allow: { url: "https://s.example/**" } }
  - { name: port, allow: { url: "p.example:8080/**" } }
  - { name: any-port, allow: { url: "q.example:*/**" } }
  - { name: socket, allow: { url: "tcp://db.example:5432/" } }
  - { name: six, allow: { url: "[::1]:9000/x" } }
`,
    cases: [
      ['GET https://s.example/x', 'allow rule_allowed tls'],
      ['GET http://s.example/x', NO],
      ['GET wss://s.example/x', NO],
      ['GET http://p.example:8080/x', 'allow rule_allowed port'],
      ['GET http://p.example/x', NO],
      ['GET ws://p.example:8080/x', 'allow rule_allowed port'],
      ['GET http://q.example:1/x', 'allow rule_allowed any-port'],
      ['GET https://q.example/x', 'allow rule_allowed any-port'],
      ['CONNECT tcp://db.example:5432/', 'allow rule_allowed socket'],
      ['CONNECT tcp://db.example:5433/', NO],
      ['GET http://[::1]:9000/x', 'allow rule_allowed six'],
      ['GET http://[0:0:0:0:0:0:0:1]:9000/x', 'allow rule_allowed six'],
    ],
  },
  {
    name: 'everything',
    policy: allow('*'),
    cases: [
      ['GET https://a.example/%ff/%zz', YES],
      ['CONNECT tcp://a.example:1/', YES],
      ['GET ftp://a.example/', INVALID],
      ['GET /relative', INVALID],
      ['GET not a url', INVALID],
      ['GET https://user@a.example/', INVALID],
      ['GET https://user:pass@a.example/', INVALID],
      ['GET https://a..example/', INVALID],
      [`GET https://a.example/${'x'.repeat(17_000)}`, INVALID],
      [`GET https://a.example${'/x'.repeat(257)}`, INVALID],
      [withHeaders('GET https://a.example/', ['Host', 'b.example']), INVALID],
      [withHeaders('GET https://a.example/', ['Host', 'A.example:443']), YES],
      [withHeaders('GET https://a.example/', ['host', 'a.example:444']), INVALID],
      [{ url: 'https://a.example/', killed: true }, 'deny kill_switch -'],
      [{ url: 'nonsense', killed: true }, INVALID],
    ],
  },
  {
    name: 'everything under a host survives what cannot be read',
    policy: allow('a.example/**'),
    cases: [
      ['GET https://a.example/%ff', YES],
      ['GET https://b.example/%ff', NO],
    ],
  },
  {
    name: 'methods and their overrides in a deny',
    policy: deny('*', ', method: [delete, "PURGE"]'),
    cases: [
      ['DELETE https://a.example/', FIRES],
      ['delete https://a.example/', FIRES],
      ['PURGE https://a.example/', FIRES],
      ['POST https://a.example/', PASSES],
      [withHeaders('POST https://a.example/', ['X-HTTP-Method-Override', 'delete']), FIRES],
      [withHeaders('POST https://a.example/', ['x-http-method', 'PATCH, DELETE']), FIRES],
      [withHeaders('POST https://a.example/', ['X-Method-Override', 'PATCH'], ['X-Method-Override', 'DELETE']), FIRES],
      [withHeaders('POST https://a.example/', ['X-Method-Override', 'PATCH']), PASSES],
      [withHeaders('POST https://a.example/', ['X-Method-Override', 'not a token']), UNSURE],
      ['POST https://a.example/?a=1&_method=DELETE', FIRES],
      ['POST https://a.example/?%5Fmethod=DELETE', FIRES],
      ['POST https://a.example/?_METHOD=DELETE', PASSES],
    ],
  },
];

runGroups(groups);
