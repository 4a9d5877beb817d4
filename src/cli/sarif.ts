/**
 * Findings of `check` as SARIF 2.1.0, the format that code hosts and editors read.
 *
 *   in   : findings with the file as it was named
 *   out  : one log of one run; each code that occurs is a rule of the tool
 */
import { normalize } from 'node:path/posix';
import type { LoadError } from '../agent/decider.js';
import { POLICY_ISSUES } from '../core/policy/issues.js';
import { LINTS } from '../core/policy/lints.js';

export interface Finding {
  readonly file: string;
  readonly level: 'error' | 'warning';
  readonly issue: LoadError;
}

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

export function sarif(findings: readonly Finding[], version: string): object {
  const codes = [...new Set(findings.map(finding => finding.issue.code))].sort();
  const ruleIndex = new Map(codes.map((code, i) => [code, i]));
  return {
    version: '2.1.0',
    $schema: SCHEMA,
    runs: [
      {
        tool: { driver: { name: 'checkrd', version, rules: codes.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map(finding => resultOf(finding, ruleIndex)),
      },
    ],
  };
}

function ruleOf(code: string): object {
  const means = meaningOf(code);
  return {
    id: code,
    name: code,
    shortDescription: { text: means },
    help: { text: `${means}. docs/policy.md and docs/errors.md explain every code.` },
    defaultConfiguration: { level: Object.hasOwn(LINTS, code) ? 'warning' : 'error' },
  };
}

function meaningOf(code: string): string {
  const table: Readonly<Record<string, string>> = { ...POLICY_ISSUES, ...LINTS };
  return Object.hasOwn(table, code) ? (table[code] ?? code) : 'the policy file cannot be used';
}

function resultOf({ file, level, issue }: Finding, ruleIndex: ReadonlyMap<string, number>): object {
  const { code, message, suggestion, line, column } = issue;
  const region = line === null ? {} : { region: { startLine: line, startColumn: column ?? 1 } };
  return {
    ruleId: code,
    ruleIndex: ruleIndex.get(code),
    level,
    message: { text: suggestion === null ? message : `${message}; ${suggestion}` },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(file) }, ...region } }],
  };
}

/** A relative reference stays one, so that a code host finds the file, in the one spelling that it has there. */
function uriOf(file: string): string {
  const path = normalize(file).split('/').map(encodeURIComponent).join('/');
  return file.startsWith('/') ? `file://${path}` : path;
}
