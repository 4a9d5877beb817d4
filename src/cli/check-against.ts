/** `check --against OLD`: what another policy changes, in words. */
import { basename, resolve } from 'node:path';
import { type ReadPolicy, readPolicyFile } from '../agent/offline.js';
import type { CheckedPolicy } from '../core/policy/checked.js';
import { changeText } from '../core/policy/compare/change.js';
import { comparePolicies } from '../core/policy/compare/compare.js';
import { type Args, Misuse } from './args.js';
import type { CliIo } from './io.js';
import { printIssue } from './print-issue.js';

export interface Against {
  /** False when the new policy may let more pass, or the old one cannot be read. */
  readonly ok: boolean;
  /** For `--json`. */
  readonly report: object;
  print(): void;
}

/** Null without --against. The new policy is known to load. */
export function compareAgainst(given: Args, io: CliIo): Against | null {
  const against = given.text('against');
  if (against === null) return null;
  const [file = '', ...more] = given.words;
  if (more.length > 0 || file === '-') throw new Misuse('--against compares one FILE', 'name one file and no more');
  const old = readPolicyFile(resolve(io.cwd, against));
  const next = readPolicyFile(resolve(io.cwd, file));
  return old.ok && next.ok ? compared(old.policy, next.policy, file, io) : unreadable(old, against, io);
}

function compared(old: CheckedPolicy, next: CheckedPolicy, file: string, io: CliIo): Against {
  // A layer's folder says what it is; to be denied is what an agent meets that policy.yaml does not name.
  const role = basename(resolve(io.cwd, file, '..')) === 'policy.d' ? 'layer' : 'main';
  const { changes, weaker } = comparePolicies(old, next, role);
  return {
    ok: !weaker,
    report: { weaker, changes },
    print() {
      for (const change of changes) io.out(`  ${changeText(change)}`);
      const verdict = weaker ? 'it may let more pass' : 'it lets no more pass';
      io.out(changes.length === 0 ? '  nothing that decides is changed' : `  together: ${verdict}`);
    },
  };
}

function unreadable(old: ReadPolicy, against: string, io: CliIo): Against {
  const errors = old.ok ? [] : old.errors;
  return {
    ok: false,
    report: { weaker: true, errors },
    print() {
      for (const issue of errors) printIssue(io, against, 'error', issue);
    },
  };
}
