/**
 * What may stand in a record's strings. The writer passes every string through {@link auditText}.
 *
 *   - ours (log name, notes, keys, hashes, signatures, times): as they are, never escaped or cut;
 *   - claimed by the agent or the wire (`agent_id`, `session_id`, `tool`, `model`): `[A-Za-z0-9._:/@-]{1,128}`, trace IDs
 *     lower-case hexadecimal of their W3C length; anything else becomes the word `invalid`, so that nothing is forged by
 *     a strange spelling;
 *   - everything else: made well-formed, each control character as `%XX` of its UTF-8 bytes, then cut between
 *     characters to the field's bound in UTF-8 bytes (an escape is never cut in two).
 *
 * Worked: `a\nb` → `a%0Ab`; U+0085 → `%C2%85`; `€€€` cut to 7 bytes → `€€`.
 */
import { utf8 } from '../bytes.js';

/** What stands in for a claim that does not have the form it must have. */
export const INVALID = 'invalid';

const IDENTIFIER_MAX_BYTES = 128;
const HOST_MAX_BYTES = 255;
const PATH_MAX_BYTES = 2048;
const OTHER_MAX_BYTES = 512;

export const CLAIM = /^[A-Za-z0-9._:/@-]{1,128}$/;
export const TRACE_ID = /^[0-9a-f]{32}$/;
export const SPAN_ID = /^[0-9a-f]{16}$/;
const PRINTABLE_ASCII = /^[ -~]*$/;
const CONTROL = /^\p{Cc}$/u;
const LONE_SURROGATE = /^\p{Surrogate}$/u;

type Rule = 'ours' | 'claim' | 'trace_id' | 'span_id' | number;

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...all('ours', 'type log prev time note frontier nonce alg'),
  ...all('ours', 'public_key key_id endorsed_by endorsement signed_by signature sig'),
  ...all('ours', 'head root sha256 policy_sha256 engine_sha256 url_path_sha256 previous_log'),
  ...all('claim', 'agent_id session_id tool model'),
  ...all('trace_id', 'trace_id'),
  ...all('span_id', 'span_id parent_span_id'),
  ...all(IDENTIFIER_MAX_BYTES, 'request_id parent_request_id instance_id matched_rule policy_layer policy_agent'),
  ...all(IDENTIFIER_MAX_BYTES, 'method url_scheme code error action scope'),
  ...all(HOST_MAX_BYTES, 'url_host'),
  ...all(PATH_MAX_BYTES, 'url_path path source name'),
]);

function all(rule: Rule, names: string): [string, Rule][] {
  return names.split(' ').map(name => [name, rule]);
}

/** `value` as the field `field` may carry it. Never throws. */
export function auditText(field: string, value: string): string {
  const rule = RULES.get(field) ?? OTHER_MAX_BYTES;
  switch (rule) {
    case 'ours':
      return value;
    case 'claim':
      return CLAIM.test(value) ? value : INVALID;
    case 'trace_id':
      return TRACE_ID.test(value) ? value : INVALID;
    case 'span_id':
      return SPAN_ID.test(value) ? value : INVALID;
    default:
      return boundedText(value, rule);
  }
}

/** Well-formed, without control characters, at most `maxBytes` of UTF-8. */
export function boundedText(value: string, maxBytes: number): string {
  if (value.length <= maxBytes && PRINTABLE_ASCII.test(value)) return value;
  let text = '';
  let bytes = 0;
  for (const character of value) {
    const safe = safeCharacter(character);
    bytes += utf8(safe).length;
    if (bytes > maxBytes) break;
    text += safe;
  }
  return text;
}

function safeCharacter(character: string): string {
  if (LONE_SURROGATE.test(character)) return '\ufffd';
  if (!CONTROL.test(character)) return character;
  let escaped = '';
  for (const byte of utf8(character)) escaped += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return escaped;
}
