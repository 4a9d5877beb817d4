/**
 * YAML 1.2 into the tree that JSON gives too.
 *
 *   in   : text without NUL bytes
 *   out  : a tree; everything refused is in the issue list
 *   never: takes a second document, another YAML version or a warning for granted, throws on bad input
 *
 * The package parses with every plain scalar left a string; what a scalar is, is decided from its source text.
 */
import { type Document, isScalar, type ParsedNode, parseDocument } from 'yaml';
import type { TreeNode } from '../json/tree.js';
import { JSON_MAX_DEPTH } from '../limits.js';
import { type IssueList, printable } from './issue-list.js';
import { yamlTree } from './yaml-tree.js';

/**
 * The one document in `text`, or null after reporting.
 * After a repeated or refused key or tag, the rest is still returned, so that one try finds more than one mistake.
 */
export function readYaml(issues: IssueList, text: string): TreeNode | null {
  const document = parse(issues, text);
  if (document === null) return null;
  if (document.contents === null || isBlank(document.contents)) {
    issues.add('policy_empty', 0, 'the file holds no policy', 'write at least `default: deny` and `rules: []`');
    return null;
  }
  return yamlTree(issues, document.contents);
}

function parse(issues: IssueList, text: string): Document.Parsed<ParsedNode> | null {
  let document: ReturnType<typeof parseDocument<ParsedNode>>;
  try {
    document = parseDocument<ParsedNode>(text, {
      schema: 'failsafe',
      merge: false,
      resolveKnownTags: false,
      uniqueKeys: false,
      prettyErrors: false,
      // `silent` would also hide a second document.
      logLevel: 'error',
    });
  } catch {
    // The package recurses with the nesting of the text; nothing else in it throws.
    tooDeep(issues, 0);
    return null;
  }
  const found = [...document.errors, ...document.warnings.filter(warning => warning.code !== 'TAG_RESOLVE_FAILED')];
  const [first] = found.sort((a, b) => a.pos[0] - b.pos[0]);
  if (first === undefined) return checkVersion(issues, document);
  if (first.code === 'MULTIPLE_DOCS') {
    issues.add(
      'multiple_documents',
      first.pos[0],
      'the file holds more than one document',
      'keep one, without `---` lines',
    );
  } else if (first.code === 'RESOURCE_EXHAUSTION') {
    tooDeep(issues, first.pos[0]);
  } else if (first.code === 'TAB_AS_INDENT') {
    issues.add('yaml_syntax', first.pos[0], 'a tab is used as indentation', 'indent with spaces');
  } else {
    const line = printable(first.message.slice(0, 160)).trim();
    issues.add('yaml_syntax', first.pos[0], `not YAML: ${line.charAt(0).toLowerCase()}${line.slice(1)}`);
  }
  return null;
}

function tooDeep(issues: IssueList, at: number): void {
  issues.add('too_deep', at, 'the file is nested too deeply to read', `nest at most ${JSON_MAX_DEPTH} levels`);
}

function checkVersion(issues: IssueList, document: Document.Parsed<ParsedNode>): Document.Parsed<ParsedNode> | null {
  const { yaml } = document.directives;
  if (yaml.version === '1.2') return document;
  issues.add(
    'yaml_syntax',
    0,
    `the file asks for YAML ${yaml.version}`,
    'remove the `%YAML` line; policies are YAML 1.2',
  );
  return null;
}

/** Nothing but comments and white space. */
function isBlank(node: ParsedNode): boolean {
  return isScalar(node) && node.type === 'PLAIN' && node.source === '' && node.tag === undefined;
}
