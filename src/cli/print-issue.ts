import type { LoadError } from '../agent/decider.js';
import { painter } from './colour.js';
import type { CliIo } from './io.js';

/** `FILE:LINE:COLUMN: error: sentence; suggestion [code]` on stdout, as compilers write it. */
export function printIssue(io: CliIo, file: string, level: 'error' | 'warning', issue: LoadError): void {
  const { code, message, line, column, suggestion } = issue;
  const place = line === null ? file : `${file}:${line}:${column ?? 1}`;
  const word = painter(io)(level === 'error' ? 'red' : 'yellow', level);
  io.out(`${place}: ${word}: ${message}${suggestion === null ? '' : `; ${suggestion}`} [${code}]`);
}
