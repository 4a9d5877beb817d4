/**
 * Reads `checkrd.yaml` and resolves the settings of a process.
 *
 *   in   : a face, what its caller says, and the process's own surroundings as arguments
 *   out  : Settings, or one Fault that names every mistake with its place
 *   never: writes anything, keeps anything
 */
import { type BigIntStats, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { folderOf } from '../core/config/paths.js';
import { configDirOf, type Origins, resolveSettings } from '../core/config/resolve.js';
import { type Face, type Settings, settingsIssueText } from '../core/config/settings.js';
import { Fault } from '../core/fault.js';
import { KIB } from '../core/limits.js';
import { errorCode } from '../disk/error-code.js';
import { readWhole } from '../disk/read-whole.js';
import { foreignWriter } from '../disk/who-may-write.js';

const SETTINGS_MAX_BYTES = 256 * KIB;

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly cwd: string;
}

/** Where a package puts the settings of a machine. */
const SYSTEM_SETTINGS = '/etc/checkrd/checkrd.yaml';

/**
 * The settings that an operator's command means: those named, else those of $CHECKRD_CONFIG_DIR, else the machine's.
 * Null: the home directory's. Without this `checkrd kill` would stop nobody on a machine with a packaged daemon.
 */
export function operatorSettingsFile(
  given: string | null,
  around: Surroundings,
  system = SYSTEM_SETTINGS,
): string | null {
  if (given !== null) return given;
  const isNamed = (around.env.CHECKRD_CONFIG_DIR ?? '') !== '';
  return !isNamed && existsSync(system) ? system : null;
}

/** Whether a settings file may be believed, by its path and the `fstat` of its descriptor; throws where not. */
export type SettingsJudge = (path: string, file: BigIntStats) => void;

/**
 * Settings are trusted as much as the policy that they name. The operators' group has no say here: they would name it.
 *
 * @throws Fault `settings_writable_by_others` or `settings_unreadable`
 */
const refuseOthersSettings: SettingsJudge = (path, file) => {
  const found = foreignWriter(path, { operatorsGid: null }, file);
  if (found === 'another file') throw new Fault('settings_unreadable', { path, why: 'it changed while it was read' });
  if (found !== null) throw new Fault('settings_writable_by_others', { ...found });
};

/** Where the settings stand, or would stand, and the folder that they are about. */
export function settingsPlace(
  around: Surroundings,
  file: string | null,
): { readonly path: string; readonly configDir: string } {
  const inEnv = around.env.CHECKRD_CONFIG_DIR;
  const path = file === null ? null : resolve(around.cwd, file);
  const configDir =
    path !== null && (inEnv === undefined || inEnv === '')
      ? folderOf(path)
      : configDirOf(around.env, around.home, around.cwd);
  return { path: path ?? `${configDir}/checkrd.yaml`, configDir };
}

/**
 * @param file    Path of the settings; null: `checkrd.yaml` in the configuration directory, if there is one.
 * @param options By the option names of core/config/keys.ts.
 * @param judge   Another one only to say what is wrong with a file that nobody should run on.
 * @throws Fault `settings_unreadable`, `settings_writable_by_others` or `settings_invalid`.
 */
export function readSettings(
  face: Face,
  around: Surroundings,
  file: string | null = null,
  options: Readonly<Record<string, unknown>> = {},
  judge: SettingsJudge = refuseOthersSettings,
): Settings {
  return readWithOrigins(face, around, file, options, judge).settings;
}

export interface SettingsRead {
  readonly settings: Settings;
  readonly origins: Origins;
  /** Path of the file that was read; null: there is none. */
  readonly file: string | null;
}

/** As {@link readSettings} for an operator, and where each value was said. */
export function readSettingsAndOrigins(around: Surroundings, file: string | null): SettingsRead {
  return readWithOrigins('operator', around, file, {}, refuseOthersSettings);
}

function readWithOrigins(
  face: Face,
  around: Surroundings,
  file: string | null,
  options: Readonly<Record<string, unknown>>,
  judge: SettingsJudge,
): SettingsRead {
  const { path: from, configDir } = settingsPlace(around, file);
  const text = readText(from, file !== null, judge);
  const resolved = resolveSettings({
    face,
    options,
    env: around.env,
    file: text === null ? null : { path: from, text },
    configDir,
    home: around.home,
    cwd: around.cwd,
  });
  if (resolved.ok) {
    return { settings: resolved.settings, origins: resolved.origins, file: text === null ? null : from };
  }
  throw new Fault('settings_invalid', { problems: resolved.issues.map(settingsIssueText).join('\n') });
}

function readText(path: string, required: boolean, judge: SettingsJudge): string | null {
  const refuse = (why: string) => new Fault('settings_unreadable', { path, why });
  const file = readWhole(path, SETTINGS_MAX_BYTES);
  if (!file.ok) {
    if (file.error === 'ENOENT' && !required) return null;
    if (file.why === 'not_regular') throw refuse('it is not a regular file');
    throw refuse(file.why === 'too_large' ? `it is over ${SETTINGS_MAX_BYTES} bytes` : file.error);
  }
  try {
    judge(path, file.stat);
  } catch (error) {
    throw error instanceof Fault ? error : refuse(errorCode(error));
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(file.bytes);
  } catch {
    throw refuse('it is not UTF-8');
  }
}
