/** Settings, policy and every path of an installation: who may write, who may read, what is missing. */
import { shellWord } from '../shell-word.js';
import type {
  PathFacts,
  PathRole,
  PolicyFacts,
  SeparationFacts,
  SettingsFacts,
  SignatureFacts,
  Stranger,
} from './facts.js';
import { type Finding, finding, isForbidden, unseen } from './finding.js';

interface Wanted {
  readonly isFolder: boolean;
  /** What a stranger who may write there could do. */
  readonly could: string;
  /** Bits that let others read or enter, and should not. */
  readonly hidden: number;
  /** As chmod takes it, for what is to be hidden. */
  readonly mode: string;
}

/** docs/permissions.md shows the same. */
export const WANTED: Readonly<Record<PathRole, Wanted>> = {
  settings: { isFolder: false, could: 'change the settings', hidden: 0, mode: '644' },
  policy: { isFolder: false, could: 'change the policy', hidden: 0, mode: '644' },
  layers: { isFolder: true, could: 'change or remove a layer', hidden: 0, mode: '755' },
  layer: { isFolder: false, could: 'change a layer', hidden: 0, mode: '644' },
  signers: { isFolder: true, could: 'add a signer of policies', hidden: 0, mode: '755' },
  signer: { isFolder: false, could: 'replace a signer of policies', hidden: 0, mode: '644' },
  switch_folder: { isFolder: true, could: 'release the kill switch', hidden: 0, mode: '755' },
  keys: { isFolder: true, could: 'remove or replace a key of the log', hidden: 0o077, mode: '700' },
  state: { isFolder: true, could: 'change what is remembered', hidden: 0o077, mode: '700' },
  approvals: { isFolder: true, could: 'put an approval there', hidden: 0o077, mode: '700' },
  log_folder: { isFolder: true, could: 'remove or replace the log', hidden: 0o007, mode: '750' },
  log: { isFolder: false, could: 'change the log', hidden: 0o007, mode: '640' },
  sockets: { isFolder: true, could: "put a socket in the daemon's place", hidden: 0, mode: '755' },
};

export function judgeSettings({ path, isThere, problem }: SettingsFacts): readonly Finding[] {
  if (problem !== null) return [finding('settings', 'failure', path, problem.message, { hint: problem.hint })];
  return [finding('settings', 'ok', path, isThere ? 'they load' : 'there are none; the defaults hold')];
}

export function judgePolicy({ path, isThere, error, problem, hint, rules, mode }: PolicyFacts): readonly Finding[] {
  if (error !== null && isForbidden(error)) return [unseen('policy', path, error)];
  if (!isThere) {
    const next = 'put the policy there; `checkrd init` writes one to begin with';
    return [finding('policy', 'failure', path, 'there is none: every call is denied', { hint: next })];
  }
  if (problem !== null) {
    const mend = hint === null ? `checkrd check ${shellWord(path)}` : null;
    return [finding('policy', 'failure', path, `it would not go live: ${problem}`, { mend, hint })];
  }
  const says = `${rules} ${rules === 1 ? 'rule' : 'rules'}, ${mode}`;
  if (mode !== 'enforce') return [finding('policy', 'warning', path, `${says}: it denies nothing`)];
  return [finding('policy', 'ok', path, says)];
}

export function judgePaths(paths: readonly PathFacts[]): readonly Finding[] {
  const findings = [...judgeStrangers(paths), ...paths.flatMap(judgePath)];
  return findings.length > 0 ? findings : [finding('files', 'ok', null, 'owners and modes are as they should be')];
}

export function judgeSignatures(facts: SignatureFacts): readonly Finding[] {
  const { isRequired, folder, problem, signers, threshold, refused } = facts;
  if (!isRequired) return [finding('signatures', 'ok', null, 'the settings ask for none')];
  if (problem !== null) return [finding('signatures', 'failure', folder, problem.message, { hint: problem.hint })];
  if (signers < threshold) {
    const says = `trusted keys: ${signers}, signatures needed: ${threshold}; no policy can go live`;
    return [finding('signatures', 'failure', folder, says, { hint: 'put the `.pub` of each signer there' })];
  }
  if (refused.length === 0)
    return [finding('signatures', 'ok', folder, `${threshold} of ${signers} keys must sign, and did`)];
  return refused.map(({ path, why }) =>
    finding('signatures', 'failure', path, why, {
      hint: 'have its signers sign the file as it is, or put back the one that they signed',
    }),
  );
}

/** One open folder concerns all that stands below it: said once, with all that it opens. */
function judgeStrangers(paths: readonly PathFacts[]): readonly Finding[] {
  const doors = new Map<string, { readonly stranger: Stranger; readonly could: Set<string> }>();
  for (const { role, stranger } of paths) {
    if (stranger === null) continue;
    const door = doors.get(stranger.path) ?? { stranger, could: new Set() };
    door.could.add(WANTED[role].could);
    doors.set(stranger.path, door);
  }
  return [...doors.values()].map(({ stranger: { path, mode, owner, who, mend }, could }) =>
    finding('files', 'failure', path, `mode ${mode}, owner ${owner}: ${who} could ${[...could].join(', ')}`, { mend }),
  );
}

function judgePath({ role, path, found, error, stranger, isInSharedFolder }: PathFacts): readonly Finding[] {
  const { hidden, mode, isFolder } = WANTED[role];
  if (error !== null && error !== 'ENOENT') return [unseen('files', path, error)];
  if (found === null) return [];
  if (found.isFolder !== isFolder) {
    return [finding('files', 'failure', path, `it should be a ${isFolder ? 'folder' : 'file'}`)];
  }
  const findings: Finding[] = [];
  const bits = found.mode & 0o7777;
  if ((bits & hidden) !== 0) {
    const says = `mode ${bits.toString(8).padStart(4, '0')}: others may look into it`;
    findings.push(finding('files', 'warning', path, says, { mend: `chmod ${mode} ${shellWord(path)}` }));
  }
  if (stranger === null && isInSharedFolder) {
    const hint = 'keep it in a folder of its own';
    const says = 'it stands in a folder that everyone may put files into: where it is missing, anyone can put another';
    findings.push(finding('files', 'warning', path, says, { hint }));
  }
  if (stranger === null && EDITED.has(role) && found.names > 1) {
    const says = `the file has ${found.names} names: what is written in place under another changes it here as well`;
    findings.push(finding('files', 'warning', path, says, { mend: `sed -i -e '' ${shellWord(path)}` }));
  }
  return findings;
}

/** Files that people write. */
const EDITED: ReadonlySet<PathRole> = new Set(['settings', 'policy', 'layer', 'signer']);

export function judgeSeparation(facts: SeparationFacts): readonly Finding[] {
  const { asked, isDaemon, agentUid, open, problem } = facts;
  if (problem !== null) return [finding('separation', 'failure', null, problem)];
  if (open.length === 0) {
    const says = isDaemon ? 'agents can write nothing that binds them' : `user ${agentUid} cannot change what binds it`;
    return [finding('separation', 'ok', null, says)];
  }
  if (!isDaemon) {
    const hint =
      'give these to root, or run the daemon; `require_separation: false` in the settings says that it is meant';
    const says = `user ${agentUid}, as whom the agent runs, could change what binds it: ${open.map(at => at.path).join(', ')}`;
    return [
      finding('separation', asked === false ? 'ok' : 'warning', null, says, { hint: asked === false ? null : hint }),
    ];
  }
  return open.map(({ path, mode, who }) =>
    finding(
      'separation',
      asked === true ? 'failure' : 'warning',
      path,
      `mode ${mode}: ${who} could write it, agents among them`,
      {
        mend: `chmod go-w ${shellWord(path)}`,
      },
    ),
  );
}
