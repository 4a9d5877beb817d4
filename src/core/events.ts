/**
 * Operational events that somebody may wait for: a name that stays, and an ID for the journal (sd-id128(3)).
 *
 * A message with an event has its name as `event`; under journald it has fields of its own as well (daemon/events.ts).
 */

import type { AgentRecord, PolicyRejectedFields } from './audit/fields.js';
import { boundedText } from './audit/text.js';
import { nextStep } from './fault.js';

export interface EventRow {
  /** 32 hexadecimal digits, made once; never another for the same event. */
  readonly messageId: string;
  readonly means: string;
}

export const EVENTS = {
  break_glass_begun: { messageId: '89f91683e7454de28cd501d459e3d20f', means: 'denied calls go on, signed' },
  break_glass_ended: { messageId: '98463bdfe78447db86833fcee39a9806', means: 'denied calls are denied again' },
  engine_rejected: {
    messageId: '0cf4e6f48d9149e78bc9519d0274590d',
    means: 'another engine file was refused; the old one decides',
  },
  engine_loaded: { messageId: '7928ec321bf54988bcefe43ad570c532', means: 'an engine is in force' },
  kill_engaged: { messageId: '673c8753f46b449e808325655ea342c1', means: 'a kill switch stops calls' },
  kill_released: { messageId: '6019af2f363a4906a7feba17b5fe3db5', means: 'a hold of the kill switch has ended' },
  log_failing: {
    messageId: '2b01304ce7344d158c8173871d4e42ac',
    means: 'the audit log cannot be written; in strict mode calls are denied',
  },
  log_recovered: {
    messageId: 'd78baa7335db424daa779416c541185d',
    means: 'the audit log is written again; the number of lost records is in it',
  },
  policy_loaded: { messageId: '792b0f58c2874ab7b7dc328aa688c815', means: 'a policy is in force' },
  policy_rejected: {
    messageId: 'b1dc932533e442808d945e15aec83124',
    means: 'a newer policy was refused; the last good one decides',
  },
  ready: { messageId: '1c71806a38284e97bb03fba3a4e2c754', means: 'the daemon answers on its sockets' },
  stopped: { messageId: '6ef95dffeab6459fb91709711b7dc457', means: 'the daemon has ended in good order' },
  stopping: { messageId: '14b2d245ce7941eca5c960f5b22e20ea', means: 'the daemon takes no new calls' },
} as const satisfies Record<string, EventRow>;
export type EventName = keyof typeof EVENTS;

/** One message about an event. */
export interface EventSaid {
  readonly event: EventName;
  readonly level: 'info' | 'warn' | 'error';
  /** A sentence without a full stop. */
  readonly message: string;
  /** What a filter may ask for; texts or numbers. */
  readonly facts: Readonly<Record<string, string | number>>;
}

const BREAK_GLASS: Readonly<Record<string, EventName>> = {
  break_glass_begun: 'break_glass_begun',
  break_glass_ended: 'break_glass_ended',
};

/** What a record of this daemon's own tells an operator; null: nothing that one waits for. */
export function eventOf(record: AgentRecord): EventSaid | null {
  if ('reported' in record && record.reported === true) return null;
  const said = (
    event: EventName,
    level: EventSaid['level'],
    message: string,
    facts: Readonly<Record<string, string | number | undefined>> = {},
  ): EventSaid => ({ event, level, message, facts: given(facts) });
  switch (record.type) {
    case 'policy_loaded':
      return said('policy_loaded', 'info', 'a policy is in force', { sha256: record.policy_sha256, path: record.path });
    case 'policy_rejected': {
      const { error, path, line, column } = record;
      return said('policy_rejected', 'warn', policyRefused(record), { code: error, path, line, column });
    }
    case 'kill_engaged':
    case 'kill_released': {
      const { source, scope, aborted } = record;
      const agent = scope === 'all' ? undefined : scope;
      return record.type === 'kill_engaged'
        ? said('kill_engaged', 'error', `a kill switch is engaged: ${source}`, { source, scope, agent, aborted })
        : said('kill_released', 'warn', `a kill switch is released: ${source}`, { source, scope, agent });
    }
    case 'engine_loaded':
      return said('engine_loaded', 'info', 'an engine is in force', { sha256: record.engine_sha256 });
    case 'engine_rejected':
      return said(
        'engine_rejected',
        'error',
        `an engine was refused: ${record.error} (\`checkrd status\` explains it)`,
        {
          code: record.error,
        },
      );
    case 'records_dropped':
      if (record.sink !== undefined) return null;
      return said('log_recovered', 'warn', `the audit log is written again; ${record.count} records are missing`, {
        count: record.count,
      });
    case 'operator_action': {
      const event = Object.hasOwn(BREAK_GLASS, record.action) ? BREAK_GLASS[record.action] : undefined;
      if (event === undefined) return null;
      return said(event, event === 'break_glass_begun' ? 'error' : 'warn', EVENTS[event].means);
    }
    default:
      return null;
  }
}

/** What `checkrd check` sees only when it is asked to look at signatures. */
const SIGNATURE_ERRORS: ReadonlySet<string> = new Set([
  'policy_signature_expired',
  'policy_signature_refused',
  'policy_unsigned',
  'policy_version_differs',
  'trust_unusable',
]);

/** Who saves a file watches a terminal or the journal, not the audit log. */
function policyRefused({ path, line, column, error }: PolicyRejectedFields): string {
  const at = line === undefined ? '' : `:${line}${column === undefined ? '' : `:${column}`}`;
  const isSignature = SIGNATURE_ERRORS.has(error);
  const explained = `\`checkrd check ${isSignature ? '--require-signature ' : ''}${path}\` explains it`;
  const step = isSignature ? explained : (nextStep(error) ?? explained);
  return `the policy was refused: ${path}${at}: ${error} (${step})`;
}

/** The first record that could not be written since one could. */
export const LOG_FAILING: EventSaid = {
  event: 'log_failing',
  level: 'error',
  message: 'the audit log cannot be written',
  facts: { code: 'audit_unavailable' },
};

function given(facts: Readonly<Record<string, string | number | undefined>>): EventSaid['facts'] {
  return Object.fromEntries(
    Object.entries(facts).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );
}

/** As the journal takes it (systemd.journal-fields(7)), one field a line; no value can begin another. */
export function journalEntry({ event, level, message, facts }: EventSaid): string {
  const priority = { error: 3, warn: 4, info: 6 }[level];
  const rows = [
    ['MESSAGE_ID', EVENTS[event].messageId],
    ['PRIORITY', priority],
    ['SYSLOG_IDENTIFIER', 'checkrd'],
    ['MESSAGE', message],
    ['CHECKRD_EVENT', event],
    ...Object.entries(facts).map(([name, value]) => [`CHECKRD_${name.toUpperCase()}`, value] as const),
  ];
  return rows.map(([name, value]) => `${name}=${boundedText(String(value), FIELD_MAX_BYTES)}\n`).join('');
}

const FIELD_MAX_BYTES = 1024;
