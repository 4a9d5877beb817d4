/**
 * `checkrd config`: what the settings come to, and who says so.
 *
 * Only values of settings are shown, of which none is a secret. Of any other variable the name is, never the value.
 */
import { operatorSettingsFile, readSettingsAndOrigins } from '../agent/read-settings.js';
import { boundedText } from '../core/audit/text.js';
import type { SettingValue } from '../core/config/decode.js';
import { OTHER_VARIABLES, SETTING_KEYS } from '../core/config/keys.js';
import { SETTING_VALUES } from '../core/config/values.js';
import { CONFIG } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';

const PREFIX = 'CHECKRD_';
/** A path may be as long as this, and a terminal is shown it whole. */
const VALUE_MAX_BYTES = 4096;

interface Row {
  readonly name: string;
  readonly value: SettingValue | null;
  readonly from: 'default' | 'file' | 'environment' | 'option';
  /** Null: it is the default. */
  readonly place: string | null;
  readonly locked: boolean;
  readonly variable: string;
}

export const config: Command = {
  name: 'config',
  summary: 'say what every setting comes to, and where it was said',
  synopsis: ['[--config FILE] [--json]'],
  about: `
Prints each setting with its value and where it was said: FILE:LINE:COLUMN, an environment variable, or the default. \`locked\`:
the file says it, and neither the environment nor an option may say another. Then each variable that begins with CHECKRD_ and is
no setting, by its name. It is what commands go by; what a program gives the library as an option is not known here.`,
  flags: { config: CONFIG },
  exit: {
    ok: 'printed',
    no: 'printed, and a variable that begins with CHECKRD_ is nothing that checkrd knows',
    unknown: 'the settings cannot be read, or do not hold',
  },
  async run(given, io) {
    const { settings, origins, file } = readSettingsAndOrigins(io, operatorSettingsFile(given.text('config'), io));
    const rows = SETTING_KEYS.map(({ name, env }): Row => {
      const origin = origins.get(name);
      return {
        name,
        value: SETTING_VALUES[name]?.(settings) ?? null,
        from: origin?.from ?? 'default',
        place: origin?.place ?? null,
        locked: origin?.locked ?? false,
        variable: env,
      };
    });
    const others = otherVariables(io);
    const ok = others.every(({ known }) => known);
    if (given.on('json')) {
      io.out(JSON.stringify({ ok, config_dir: settings.configDir, file, settings: rows, variables: others }));
    } else {
      io.out(`configuration directory  ${boundedText(settings.configDir, VALUE_MAX_BYTES)}`);
      io.out(`settings file            ${file === null ? 'none' : boundedText(file, VALUE_MAX_BYTES)}`);
      print(rows, io);
      for (const { name, known } of others) {
        io.out(known ? `note: $${name} is set` : `wrong: $${name} is no setting and does nothing`);
      }
    }
    return ok ? EXIT.ok : EXIT.no;
  },
};

function otherVariables({ env }: CliIo): readonly { readonly name: string; readonly known: boolean }[] {
  const settings = new Set(SETTING_KEYS.map(key => key.env));
  return Object.keys(env)
    .filter(name => name.startsWith(PREFIX) && !settings.has(name))
    .sort()
    .map(name => ({ name: boundedText(name, VALUE_MAX_BYTES), known: OTHER_VARIABLES.includes(name) }));
}

function print(rows: readonly Row[], io: CliIo): void {
  const shown = rows.map(({ name, value, place, locked }) => ({
    name,
    value: boundedText(textOf(value), VALUE_MAX_BYTES),
    said: boundedText(place ?? 'default', VALUE_MAX_BYTES) + (locked ? ', locked' : ''),
  }));
  const names = Math.max(...shown.map(row => row.name.length));
  const values = Math.max(...shown.map(row => row.value.length));
  for (const { name, value, said } of shown) io.out(`${name.padEnd(names)}  ${value.padEnd(values)}  ${said}`);
}

/** As the environment variable would have it. */
function textOf(value: SettingValue | null): string {
  if (value === null) return 'none';
  if (typeof value !== 'object') return String(value);
  return value.length === 0 ? 'none' : value.map(({ id, group }) => (group === null ? id : `${id}:${group}`)).join(',');
}
