/**
 * JSON Schema (2020-12) of `checkrd.yaml`, from the table that the reader follows.
 *
 *   out  : a schema that takes every file that loads; some that it takes do not load, since whole numbers written as 1e3, agents
 *          that are listed twice, and settings that need one another are the reader's business
 *   never: knows a setting that the table does not have
 */
import { AGENT_ID } from '../brand.js';
import { GROUP } from './decode.js';
import { SETTING_KEYS, type SettingKey, type SettingKind } from './keys.js';
import { LOOPBACK } from './loopback.js';

type Schema = Readonly<Record<string, unknown>>;

const SETTINGS_SCHEMA_ID = 'urn:checkrd:settings:v1';

const PATH: Schema = { type: 'string', minLength: 1, pattern: '^[^\\u0000]*$' };
/** A name of digits alone is a number to YAML. */
const nameLike = (pattern: RegExp): Schema => ({
  anyOf: [
    { type: 'string', pattern: pattern.source },
    { type: 'number', minimum: 0 },
  ],
});

export function settingsSchema(): Schema {
  const properties: Record<string, unknown> = {};
  for (const key of SETTING_KEYS) {
    const [group = '', name] = key.name.split('.');
    if (name === undefined) properties[group] = described(key);
    else {
      const within = (properties[group] ?? mapping({})) as { properties: Record<string, unknown> };
      within.properties[name] = described(key);
      properties[group] = within;
    }
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: SETTINGS_SCHEMA_ID,
    title: 'Settings of checkrd',
    // A file in which every line is commented out is null.
    ...mapping(properties),
    type: ['object', 'null'],
  };
}

function mapping(properties: Record<string, unknown>): Schema {
  return { type: 'object', properties, additionalProperties: false };
}

function described({ kind, means, start }: SettingKey): Schema {
  return { description: `${means}. Default: ${start}`, ...typed(kind) };
}

function typed(kind: SettingKind): Schema {
  switch (kind.is) {
    case 'path':
      return PATH;
    case 'path_or_false':
      return { anyOf: [PATH, { const: false }] };
    case 'boolean':
      return { type: 'boolean' };
    case 'integer':
      return { type: 'integer', minimum: kind.min, maximum: kind.max };
    case 'choice':
      return { enum: kind.of };
    case 'agent_id':
      return nameLike(AGENT_ID);
    case 'loopback':
      return { type: 'string', pattern: LOOPBACK.source };
    case 'group':
      return nameLike(GROUP);
    case 'agents':
      return {
        type: 'array',
        items: { ...mapping({ id: nameLike(AGENT_ID), group: nameLike(GROUP) }), required: ['id'] },
      };
  }
}
