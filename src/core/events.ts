/**
 * Operational events that somebody may wait for: a name that stays, and an ID for the journal (sd-id128(3)).
 *
 * A message with an event has its name as `event`; under journald it has fields of its own as well (daemon/journal.ts).
 */

export interface EventRow {
  /** 32 hexadecimal digits, made once; never another for the same event. */
  readonly messageId: string;
  readonly means: string;
}

export const EVENTS = {
  break_glass_began: { messageId: '89f91683e7454de28cd501d459e3d20f', means: 'denied calls go on, signed' },
  break_glass_ended: { messageId: '98463bdfe78447db86833fcee39a9806', means: 'denied calls are denied again' },
  engine_rejected: {
    messageId: '0cf4e6f48d9149e78bc9519d0274590d',
    means: 'another engine file was refused; the old one decides',
  },
  engine_swapped: { messageId: '7928ec321bf54988bcefe43ad570c532', means: 'another engine decides' },
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
