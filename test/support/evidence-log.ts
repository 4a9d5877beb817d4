/** A log with requests, for the commands that make evidence of it. */
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { type Call, type LogOfCalls, logOfCalls } from './log-of-calls.js';

export const REQUESTS = ['01a', '01b', '01c', '01d', '01e'].map(id => `${id}00000-0000-7000-8000-000000000000`);

/** Two files; records 0 log_started, 1 and 2 of two agents, 3 closed, 4 checkpoint, 5 opened, 6 to 8, 9 checkpoint. */
export function evidenceLog(t: TestContext, more: Readonly<Record<string, string>> = {}): LogOfCalls {
  const call = (n: number, agent = 'crm-agent'): Call => [
    `GET api.example.com/${n}`,
    { request_id: REQUESTS[n] ?? '', agent_id: agent, ...more },
  ];
  return logOfCalls(t, [call(0), call(1, 'mail-agent'), '', call(2), call(3, 'mail-agent'), call(4)]);
}

/** Why a test with these programs is skipped; false: they are here. */
export function without(...programs: readonly string[]): string | false {
  const missing = programs.filter(program => spawnSync(program, ['--help']).error !== undefined);
  return missing.length > 0 && `not on this machine: ${missing.join(', ')}`;
}
