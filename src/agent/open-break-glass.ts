/** Break glass as the settings want it: where its files are, who may sign, and a watch on the folder. */
import { dirname, join } from 'node:path';
import type { Settings } from '../core/config/settings.js';
import { trustedSigner } from '../crypto/trusted-signer.js';
import type { Timers } from '../disk/timers.js';
import { readTrustFolder } from '../disk/trust-folder.js';
import { watchPath } from '../disk/watch-path.js';
import { agentRules } from './agent-rules.js';
import { BreakGlassInForce } from './break-glass.js';
import type { GlassSource } from './read-break-glass.js';
import type { Recorder } from './recorder.js';
import { openSystemClocks } from './system-clocks.js';
import type { Glass } from './types.js';

/** Where it is put. */
export function breakGlassFile(stateDir: string): string {
  return join(dirname(stateDir), 'approvals', 'break-glass.dsse');
}

export function glassSource(settings: Settings): GlassSource {
  const { stateDir, trustDir } = settings;
  const rules = () => agentRules(settings);
  return {
    path: breakGlassFile(stateDir),
    rules,
    trust: () => readTrustFolder(trustDir, rules(), trustedSigner),
  };
}

export interface OpenGlass extends Glass {
  /** What an operator should know now, as sentences. */
  readonly problems: readonly string[];
  close(): Promise<void>;
}

const POLL_MS = 1000;

export function openBreakGlass(
  settings: Settings,
  recorder: Pick<Recorder, 'record'>,
  warn: (text: string) => void,
  timers: Timers,
): OpenGlass {
  const source = glassSource(settings);
  const glass = new BreakGlassInForce({
    ...source,
    memoryPath: join(settings.stateDir, 'break-glass.json'),
    isAllowed: settings.allowBreakGlass,
    clocks: openSystemClocks(),
    note: fields => recorder.record(fields),
    warn,
  });
  const watch = watchPath(source.path, { pollMs: POLL_MS, timers }, () => glass.refresh());
  return {
    inForce: wallMs => glass.inForce(wallMs),
    get problems() {
      return glass.problems;
    },
    close: () => watch.close(),
  };
}
