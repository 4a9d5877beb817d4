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

export function runGroups(groups: readonly Group[]): void {
  for (const group of groups) {
    test(`language: ${group.name}`, async t => {
      const folder = mkdtempSync(join(tmpdir(), 'checkrd-language-'));
      try {
        const file = join(folder, 'policy.yaml');
        writeFileSync(file, group.policy.endsWith('\n') ? group.policy : `${group.policy}\n`);
        const lines = [JSON.stringify({ load_file: file }), ...group.cases.map(([ask]) => line(ask))];
        const [loaded, ...answers] = await batch(lines);
        assert.deepEqual(loaded, { ok: true });
        assert.equal(answers.length, group.cases.length);
        for (const [i, [ask, expected]] of group.cases.entries()) {
          const name = typeof ask === 'string' ? ask : JSON.stringify(ask);
          await t.test(name.slice(0, 200), () => check(answers[i] as Record<string, unknown>, expected));
        }
      } finally {
        rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
      }
    });
  }
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
