/**
 * The one way in: the bytes of a policy file, or a policy given as an object, become a checked policy or issues.
 *
 *   never: throws on bad input, takes a part of a policy, ignores what it does not know
 */
import { type JsonError, readJson } from '../json/reader.js';
import type { TreeNode } from '../json/tree.js';
import {
  POLICY_JSON_MAX_BYTES,
  POLICY_JSON_MAX_RULES,
  POLICY_YAML_MAX_BYTES,
  POLICY_YAML_MAX_RULES,
} from '../limits.js';
import type { CheckedPolicy } from './checked.js';
import { checkDocument } from './document.js';
import { IssueList, overBound, quoted, utf8Length } from './issue-list.js';
import type { PolicyIssue } from './issues.js';
import { Positions } from './positions.js';
import { readYaml } from './yaml-reader.js';

export type PolicyFormat = 'yaml' | 'json';

/** `issues` is never empty and in file order. */
export type PolicyReading =
  | { readonly ok: true; readonly policy: CheckedPolicy }
  | { readonly ok: false; readonly issues: readonly PolicyIssue[] };

interface Bounds {
  readonly bytes: number;
  readonly rules: number;
}

const BOUNDS: Readonly<Record<PolicyFormat, Bounds>> = {
  yaml: { bytes: POLICY_YAML_MAX_BYTES, rules: POLICY_YAML_MAX_RULES },
  json: { bytes: POLICY_JSON_MAX_BYTES, rules: POLICY_JSON_MAX_RULES },
};

/** `json` for a name that ends in `.json`, `yaml` for every other. */
export function policyFormat(path: string): PolicyFormat {
  return path.toLowerCase().endsWith('.json') ? 'json' : 'yaml';
}

/** Reads and checks a policy file. Bounds go by the name's format, whatever the bytes turn out to be. */
export function readPolicy(bytes: Uint8Array, format: PolicyFormat): PolicyReading {
  const issues = new IssueList();
  const bounds = BOUNDS[format];
  if (bytes.length > bounds.bytes) {
    issues.addFlaw(
      0,
      overBound(`a policy in ${format === 'yaml' ? 'YAML' : 'JSON'}`, bytes.length, bounds.bytes, 'bytes'),
    );
    return reading(issues, null, new Positions(''));
  }
  const text = readText(issues, bytes);
  if (text === null) return reading(issues, null, new Positions(''));
  const positions = new Positions(text);
  const root = checkText(issues, text) ? readTree(issues, text, format) : null;
  return reading(issues, root === null ? null : checkDocument(issues, root, positions, bounds.rules), positions);
}

/** Reads and checks a policy given as an object: its JSON text. Issues carry no place. */
export function readPolicyObject(jsonText: string): PolicyReading {
  const issues = new IssueList();
  const length = jsonText.length > POLICY_JSON_MAX_BYTES ? jsonText.length : utf8Length(jsonText);
  if (length > POLICY_JSON_MAX_BYTES) {
    issues.addFlaw(0, overBound('a policy in JSON', length, POLICY_JSON_MAX_BYTES, 'bytes'));
    return reading(issues, null, null);
  }
  const json = readJson(jsonText);
  if (json.ok) return readPolicyTree(json.root);
  addJsonError(issues, json.error);
  return reading(issues, null, null);
}

/** Checks a policy that stands inside a larger JSON value which has been read already. Issues carry no place. */
function readPolicyTree(root: TreeNode): PolicyReading {
  const issues = new IssueList();
  return reading(issues, checkDocument(issues, root, null, POLICY_JSON_MAX_RULES), null);
}

function reading(issues: IssueList, policy: CheckedPolicy | null, positions: Positions | null): PolicyReading {
  return policy !== null && issues.empty ? { ok: true, policy } : { ok: false, issues: issues.list(positions) };
}

/** Strictly UTF-8, with a byte order mark left in. */
function readText(issues: IssueList, bytes: Uint8Array): string | null {
  if (bytes.includes(0)) {
    issues.add('not_text', 0, 'the file holds NUL bytes, so it is no text', 'save it as UTF-8');
    return null;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    issues.add('not_utf8', 0, 'the file is not UTF-8', 'save it as UTF-8');
    return null;
  }
}

/** What every policy file must be before anything is parsed. */
function checkText(issues: IssueList, text: string): boolean {
  if (/^\s*$/.test(text)) {
    issues.add('policy_empty', 0, 'the file holds no policy', 'write at least `default: deny` and `rules: []`');
  } else if (text.startsWith('\uFEFF')) {
    issues.add('byte_order_mark', 0, 'the file begins with a byte order mark', 'save it as UTF-8 without one');
  } else if (!text.endsWith('\n')) {
    const message = 'the file does not end in a newline, so its end may be missing';
    issues.add('final_newline', text.length, message, 'end the last line with a newline');
  }
  return issues.empty;
}

function readTree(issues: IssueList, text: string, format: PolicyFormat): TreeNode | null {
  if (format === 'yaml') {
    // JSON is YAML, and the JSON reader is many times faster.
    const json = /^\s*\{/.test(text) ? readJson(text) : null;
    return json?.ok === true ? json.root : readYaml(issues, text);
  }
  const json = readJson(text);
  if (json.ok) return json.root;
  addJsonError(issues, json.error);
  return null;
}

function addJsonError(issues: IssueList, error: JsonError): void {
  if (error.key !== null) {
    const message = `the key ${quoted(error.key)} stands twice in the same object`;
    issues.add('duplicate_key', error.at, message, 'remove one of them');
  } else {
    issues.add(error.code, error.at, error.code === 'json_syntax' ? `not JSON: ${error.message}` : error.message);
  }
}
