/**
 * What a body or the arguments of a tool can be read as, and what stands at a matcher's path in each reading.
 */
import type { BatchRequest } from '../decide/batch-line.js';
import { readJson } from '../json/reader.js';
import type { TreeNode } from '../json/tree.js';
import type { JsonPath } from '../policy/checked.js';
import type { Ask, Reading } from './readings.js';
import { pathWords } from './words.js';

const LINES_SHOWN = 20;

export function bodyReadings(
  request: BatchRequest,
  path: JsonPath,
  ask: Ask,
  quoted: (text: string) => string,
): readonly Reading[] {
  const { body } = request;
  if (body === null || body === '') return [{ what: 'there is no body', alone: null }];
  const encoded = headerOf(request, 'content-encoding').filter(coding => !/^(identity)?$/i.test(coding));
  // What is text already is not what those make.
  if (encoded.length > 0) return [{ what: `not as ${quoted(encoded.join(', '))} says it is encoded`, alone: null }];
  const type = (headerOf(request, 'content-type')[0] ?? '').toLowerCase();
  const at = (text: string): string => nodeWords(text, path, quoted);
  const asJson = (text: string): BatchRequest => ({ ...withType(request, 'application/json'), body: text });
  const lines = body.split('\n').filter(line => line.trim() !== '');
  if (/ndjson|jsonl/.test(type) || (!/json/.test(type) && lines.length > 1 && isJson(lines[0] ?? ''))) {
    return lines
      .slice(0, LINES_SHOWN)
      .map((line, i) =>
        ask(`line ${i + 1}${i === LINES_SHOWN - 1 ? ' (the last one shown)' : ''}: ${at(line)}`, asJson(line)),
      );
  }
  const form = type.includes('x-www-form-urlencoded');
  const json = /^\s*[{[]/.test(body);
  if (form && !json) return [ask('as a form', { ...withType(request, 'application/x-www-form-urlencoded') })];
  const reading = ask(`as JSON: ${at(body)}`, asJson(body));
  return form ? [{ what: 'as a form, since its type says so', alone: null }, reading] : [reading];
}

/** The one reading of arguments is JSON. */
export function argsReadings(
  request: BatchRequest,
  path: JsonPath,
  ask: Ask,
  quoted: (text: string) => string,
): readonly Reading[] {
  if (request.tool === null) return [];
  if (request.args === null) return [{ what: 'there are no arguments', alone: null }];
  return [ask(nodeWords(request.args, path, quoted), request)];
}

function headerOf({ headers }: BatchRequest, name: string): readonly string[] {
  return headers.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value.trim());
}

function withType(request: BatchRequest, type: string): BatchRequest {
  const others = request.headers.filter(([name]) => !/^content-(type|encoding)$/i.test(name));
  return { ...request, headers: [...others, ['content-type', type]] };
}

const isJson = (text: string): boolean => readJson(text).ok;

/** `$.amount is 60000`. The value in its source's words; nothing of it is computed. */
function nodeWords(text: string, path: JsonPath, quoted: (text: string) => string): string {
  const where = pathWords(path);
  const read = readJson(text);
  if (!read.ok) return `it cannot be read (${read.error.message})`;
  if (!path.every(step => typeof step === 'string' || typeof step === 'number')) return `several places, ${where}`;
  let node: TreeNode | undefined = read.root;
  for (const step of path) {
    if (node === undefined) break;
    if (typeof step === 'number') node = node.kind === 'list' ? node.items[step] : undefined;
    else node = node.kind === 'map' ? node.entries.find(({ key }) => key === step)?.value : undefined;
  }
  return node === undefined ? `nothing at ${where}` : `${where} is ${valueWords(node, quoted)}`;
}

function valueWords(node: TreeNode, quoted: (text: string) => string): string {
  switch (node.kind) {
    case 'number':
      return node.source;
    case 'string':
      return quoted(node.value);
    case 'boolean':
      return String(node.value);
    case 'null':
      return 'null';
    case 'list':
      return `a list of ${node.items.length}`;
    case 'map':
      return `an object of ${node.entries.length}`;
  }
}
