/**
 * What is written or set, turned into a value of its setting's kind.
 *
 *   in   : a kind and what the file, the environment or the caller gave
 *   out  : the value, or what is wrong with it
 *   never: says where; the callers know that
 */
import { agentId } from '../brand.js';
import { nearest } from '../policy/suggest.js';
import { type SettingKind, wanted } from './keys.js';
import { loopbackAddress } from './loopback.js';
import type { At, Written } from './read-file.js';
import type { DaemonAgentSettings, SettingsIssueCode } from './settings.js';

export type SettingValue = string | number | boolean | readonly DaemonAgentSettings[];

export type Decoded =
  | { readonly ok: true; readonly value: SettingValue }
  | {
      readonly ok: false;
      readonly code: SettingsIssueCode;
      readonly message: string;
      readonly suggestion: string;
      /** Where inside the value, when it is known better than the value's own start. */
      readonly at?: At<unknown>;
    };

export const GROUP = /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$/;

function wrong(code: SettingsIssueCode, name: string, kind: SettingKind, given?: string): Decoded {
  const meant = kind.is === 'choice' && given !== undefined ? nearest(given, kind.of) : null;
  return {
    ok: false,
    code,
    message: `\`${name}\` must be ${wanted(kind)}`,
    suggestion: meant === null ? 'docs/settings.md says what it means' : `did you mean \`${meant}\`?`,
  };
}

export function decodeWritten(name: string, kind: SettingKind, written: Written): Decoded {
  if (kind.is === 'agents')
    return written.is === 'list' ? agentsOf(name, kind, written.items) : wrong('wrong_type', name, kind);
  switch (written.is) {
    case 'text':
      return kind.is === 'boolean' || kind.is === 'integer'
        ? wrong('wrong_type', name, kind)
        : decodeText(name, kind, written.text);
    case 'number':
      if (kind.is === 'integer' || kind.is === 'group' || kind.is === 'agent_id')
        return decodeText(name, kind, written.text);
      return wrong('wrong_type', name, kind);
    case 'boolean':
      if (kind.is === 'boolean' || (kind.is === 'path_or_false' && !written.value))
        return { ok: true, value: written.value };
      return wrong('wrong_type', name, kind);
    default:
      return wrong('wrong_type', name, kind);
  }
}

/** Text of an environment variable or a scalar; `true`, `false`, `1` and `0` are booleans. */
export function decodeText(name: string, kind: SettingKind, text: string): Decoded {
  switch (kind.is) {
    case 'path_or_false':
      if (text === 'false') return { ok: true, value: false };
      return pathOf(name, kind, text);
    case 'path':
      return pathOf(name, kind, text);
    case 'boolean':
      if (text === 'true' || text === '1') return { ok: true, value: true };
      if (text === 'false' || text === '0') return { ok: true, value: false };
      return wrong('bad_value', name, kind);
    case 'integer': {
      if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return wrong('bad_value', name, kind);
      const value = Number(text);
      return value >= kind.min && value <= kind.max ? { ok: true, value } : wrong('bad_value', name, kind);
    }
    case 'choice':
      return kind.of.includes(text) ? { ok: true, value: text } : wrong('bad_value', name, kind, text);
    case 'agent_id':
      return agentId(text) === null ? wrong('bad_value', name, kind) : { ok: true, value: text };
    case 'group':
      return GROUP.test(text) ? { ok: true, value: text } : wrong('bad_value', name, kind);
    case 'loopback':
      return loopbackAddress(text) === null ? wrong('bad_value', name, kind) : { ok: true, value: text };
    case 'agents': {
      const agents: DaemonAgentSettings[] = [];
      for (const part of text.split(',')) {
        const [given = '', group = null, ...rest] = part.trim().split(':');
        const id = agentId(given);
        if (id === null || rest.length > 0 || (group !== null && !GROUP.test(group)) || agents.some(a => a.id === id)) {
          return { ...wrong('bad_value', name, kind), suggestion: 'write `id:group,id`, each ID once' } as Decoded;
        }
        agents.push({ id, group });
      }
      return { ok: true, value: agents };
    }
  }
}

/** A value from the caller of the library, of JavaScript's own types. */
export function decodeOption(name: string, kind: SettingKind, value: unknown): Decoded {
  if (typeof value === 'boolean') return decodeWritten(name, kind, { is: 'boolean', value });
  if (typeof value === 'number') return decodeWritten(name, kind, { is: 'number', text: String(value) });
  if (typeof value === 'string') return decodeWritten(name, kind, { is: 'text', text: value });
  return wrong('wrong_type', name, kind);
}

function pathOf(name: string, kind: SettingKind, text: string): Decoded {
  return text === '' || text.includes('\0') ? wrong('bad_value', name, kind) : { ok: true, value: text };
}

function agentsOf(name: string, kind: SettingKind, items: readonly At<Written>[]): Decoded {
  const agents: DaemonAgentSettings[] = [];
  for (const item of items) {
    if (item.value.is !== 'mapping') return { ...wrong('wrong_type', name, kind), at: item } as Decoded;
    let id: DaemonAgentSettings['id'] | null = null;
    let group: string | null = null;
    for (const { key, value } of item.value.entries) {
      const part = value.value;
      const text = part.is === 'text' || part.is === 'number' ? part.text : null;
      if (key.value === 'id') {
        id = text === null ? null : agentId(text);
        if (id === null) return { ...wrong('bad_value', `${name}.id`, { is: 'agent_id' }), at: value } as Decoded;
      } else if (key.value === 'group') {
        if (text === null || !GROUP.test(text)) {
          return { ...wrong('bad_value', `${name}.group`, { is: 'group' }), at: value } as Decoded;
        }
        group = text;
      } else {
        const meant = nearest(key.value, ['id', 'group']);
        return {
          ok: false,
          code: 'unknown_key',
          message: `\`${key.value}\` is no key of an agent`,
          suggestion: meant === null ? 'an agent has `id` and `group`' : `did you mean \`${meant}\`?`,
          at: key,
        };
      }
    }
    if (id === null) {
      return {
        ok: false,
        code: 'missing',
        message: 'this agent has no `id`',
        suggestion: 'write `id: NAME`',
        at: item,
      };
    }
    if (agents.some(a => a.id === id)) {
      return {
        ok: false,
        code: 'bad_value',
        message: `agent \`${id}\` is listed twice`,
        suggestion: 'keep one',
        at: item,
      };
    }
    agents.push({ id, group });
  }
  return { ok: true, value: agents };
}
