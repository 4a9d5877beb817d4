/**
 * Resolved settings by the names that people write.
 *
 *   in   : settings
 *   out  : the value of each row of keys.ts; null where there is none
 *   never: says where a value comes from (resolve.ts)
 */
import type { SettingValue } from './decode.js';
import { loopbackText } from './loopback.js';
import type { Settings } from './settings.js';

export const SETTING_VALUES: Readonly<Record<string, (settings: Settings) => SettingValue | null>> = {
  agent_id: s => s.agentId,
  security_mode: s => s.securityMode,
  enforce: s => s.enforce,
  policy: s => s.policy,
  policy_watch: s => s.policyWatch,
  killswitch: s => s.killswitch ?? false,
  resume_requires: s => s.resumeRequires,
  'audit.path': s => s.audit.path,
  'audit.url_path': s => s.audit.urlPath,
  'audit.durability': s => s.audit.durability,
  'audit.rotate_bytes': s => s.audit.rotateBytes,
  'audit.rotate_daily': s => s.audit.rotateDaily,
  'audit.keep_files': s => s.audit.retention.keepFiles,
  'audit.keep_days': s => s.audit.retention.keepDays,
  'audit.keep_bytes': s => s.audit.retention.keepBytes,
  'audit.hold': s => s.audit.retention.hold,
  'audit.reserve_bytes': s => s.audit.reserveBytes,
  'audit.signatures': s => s.audit.signatures,
  'audit.heads_file': s => s.audit.headsFile,
  'audit.heads_journal': s => s.audit.headsJournal,
  'audit.heads_every': s => s.audit.headsEvery,
  state_dir: s => s.stateDir,
  keys_dir: s => s.keysDir,
  inspect_bytes: s => s.inspectBytes,
  engine: s => s.engine,
  allow_break_glass: s => s.allowBreakGlass,
  allow_skip: s => s.allowSkip,
  allow_disable: s => s.allowDisable,
  require_separation: s => s.requireSeparation,
  require_signature: s => s.requireSignature,
  weakening_guard: s => s.weakeningGuard,
  trust_dir: s => s.trustDir,
  operators_group: s => s.operatorsGroup,
  'daemon.socket': s => s.daemon.socket,
  'daemon.agents': s => s.daemon.agents,
  'daemon.drain_timeout': s => s.daemon.drainTimeout,
  'daemon.metrics': s => (s.daemon.metrics === null ? null : loopbackText(s.daemon.metrics)),
  'daemon.records': s => s.daemon.records,
  'daemon.on_loss': s => s.daemon.onLoss,
  'egress.coverage': s => s.egress.coverage,
  'egress.datagrams': s => s.egress.datagrams,
  'egress.names': s => s.egress.names,
  'egress.native': s => s.egress.native,
  'egress.processes': s => s.egress.processes,
  'telemetry.file': s => s.telemetry.file,
  'log.level': s => s.log.level,
  'log.file': s => s.log.file,
};
