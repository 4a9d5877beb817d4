/**
 * Reads `checkrd.yaml` and resolves the settings of a process.
 *
 *   in   : a face, what its caller says, and the process's own surroundings as arguments
 *   out  : Settings, or one Fault that names every mistake with its place
 *   never: writes anything, keeps anything
 */
import { resolve } from 'node:path';
import { folderOf } from '../core/config/paths.js';
import { configDirOf, resolveSettings } from '../core/config/resolve.js';
import { type Face, type Settings, settingsIssueText } from '../core/config/settings.js';
import { Fault } from '../core/fault.js';
import { KIB } from '../core/limits.js';
import { readWhole } from '../disk/read-whole.js';

const SETTINGS_MAX_BYTES = 256 * KIB;

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly cwd: string;
}

/**
 * @param file    Path of the settings; null: `checkrd.yaml` in the configuration directory, if there is one.
 * @param options By the option names of core/config/keys.ts.
 * @throws Fault `settings_unreadable` or `settings_invalid`.
 */
export function readSettings(
  face: Face,
  around: Surroundings,
  file: string | null = null,
  options: Readonly<Record<string, unknown>> = {},
): Settings {
  const inEnv = around.env.CHECKRD_CONFIG_DIR;
  const path = file === null ? null : resolve(around.cwd, file);
  const configDir =
    path !== null && (inEnv === undefined || inEnv === '')
      ? folderOf(path)
      : configDirOf(around.env, around.home, around.cwd);
  const from = path ?? `${configDir}/checkrd.yaml`;
  const text = readText(from, path !== null);
  const resolved = resolveSettings({
    face,
    options,
    env: around.env,
    file: text === null ? null : { path: from, text },
    configDir,
    home: around.home,
    cwd: around.cwd,
  });
  if (resolved.ok) return resolved.settings;
  throw new Fault('settings_invalid', { problems: resolved.issues.map(settingsIssueText).join('\n') });
}

function readText(path: string, required: boolean): string | null {
  const refuse = (why: string) => new Fault('settings_unreadable', { path, why });
  const file = readWhole(path, SETTINGS_MAX_BYTES);
  if (!file.ok) {
    if (file.error === 'ENOENT' && !required) return null;
    if (file.why === 'not_regular') throw refuse('it is not a regular file');
    throw refuse(file.why === 'too_large' ? `it is over ${SETTINGS_MAX_BYTES} bytes` : file.error);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(file.bytes);
  } catch {
    throw refuse('it is not UTF-8');
  }
}
