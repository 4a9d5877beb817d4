/**
 * Cases of the policy language as text, decided by the real `checkrd decide --batch`.
 *
 * A group is a policy (YAML, written to a file and loaded by path) and lines `REQUEST => ANSWER`:
 *   REQUEST  METHOD URL [Name: value]… [body TEXT], or a batch line's `request` object with agent, at, killed
 *   ANSWER   `RESULT CODE [RULE]`, where RULE `-` means no rule; a trailing `?` asks for a reason that says "could not be judged"
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

export interface Ask {
  readonly method?: string;
  readonly url: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
  readonly agent?: string;
  readonly at?: string;
  readonly killed?: boolean;
}

export interface Group {
  readonly name: string;
  readonly policy: string;
  /** The text `METHOD URL` is enough where nothing else matters. */
  readonly cases: readonly (readonly [ask: string | Ask, answer: string])[];
}

/** A JSON body with its type. */
export const json = (url: string, body: unknown, method = 'POST'): Ask => ({
  method,
  url,
  headers: [['Content-Type', 'application/json']],
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

/** A form body with its type. */
export const form = (url: string, body: string, method = 'POST'): Ask => ({
  method,
  url,
  headers: [['Content-Type', 'application/x-www-form-urlencoded']],
  body,
});

/** A request without a body but with headers. */
export const withHeaders = (line: string, ...headers: readonly (readonly [string, string])[]): Ask => ({
  ...parse(line),
  headers,
});

/** Runs lines through one `decide --batch` process and returns its answers. */
export async function batch(lines: readonly string[]): Promise<Record<string, unknown>[]> {
  const child = spawn(process.execPath, ['dist/cli/main.js', 'decide', '--batch'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stdin.end(lines.map(line => `${line}\n`).join(''));
  const code = await new Promise(resolve => child.once('close', resolve));
  assert.equal(code, 0);
  return out
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>);
}

/** All groups in one process: each begins with a load, which begins afresh. */
export function runGroups(groups: readonly Group[]): void {
  const answered = once(() => askAll(groups));
  for (const [n, group] of groups.entries()) {
    test(`language: ${group.name}`, async t => {
      const [loaded, ...answers] = (await answered())[n] ?? [];
      assert.deepEqual(loaded, { ok: true });
      assert.equal(answers.length, group.cases.length);
      for (const [i, [ask, expected]] of group.cases.entries()) {
        const name = typeof ask === 'string' ? ask : JSON.stringify(ask);
        await t.test(name.slice(0, 200), () => check(answers[i] as Record<string, unknown>, expected));
      }
    });
  }
}

/** The answers of each group, that to its load first. */
async function askAll(groups: readonly Group[]): Promise<Record<string, unknown>[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-language-'));
  try {
    const lines = groups.map((group, n) => {
      const file = join(folder, `${n}.yaml`);
      writeFileSync(file, group.policy.endsWith('\n') ? group.policy : `${group.policy}\n`);
      return [JSON.stringify({ load_file: file }), ...group.cases.map(([ask]) => line(ask))];
    });
    return await batchEach(lines);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** As {@link batch}, for several lists of lines: the answers to each. */
export async function batchEach(lists: readonly (readonly string[])[]): Promise<Record<string, unknown>[][]> {
  const answers = await batch(lists.flat());
  assert.equal(answers.length, lists.flat().length);
  return lists.map(list => answers.splice(0, list.length));
}

/** `make`, when it is first asked for. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function check(answer: Record<string, unknown>, expected: string): void {
  const unsure = expected.endsWith(' ?');
  const [result, code, rule] = expected.split(' ');
  assert.equal(answer.result, result, JSON.stringify(answer));
  assert.equal(answer.code, code, JSON.stringify(answer));
  if (rule !== undefined && rule !== '?') assert.equal(answer.matched_rule, rule === '-' ? null : rule);
  if (unsure) assert.match(String(answer.reason), /could not be judged/);
}

function parse(text: string): { method: string; url: string } {
  const space = text.indexOf(' ');
  return { method: text.slice(0, space), url: text.slice(space + 1) };
}

function line(ask: string | Ask): string {
  const { agent, at, killed, ...request } = typeof ask === 'string' ? ({ ...parse(ask) } as Ask) : ask;
  return JSON.stringify({
    request: { method: 'GET', ...request },
    at: at ?? '2026-01-07T12:00:00Z',
    ...(agent === undefined ? {} : { agent }),
    ...(killed === undefined ? {} : { killed }),
  });
}
