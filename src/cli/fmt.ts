import { realpathSync, statSync } from 'node:fs';
import { readPolicyBytes } from '../agent/offline.js';
import { utf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';
import { formatPolicy } from '../core/policy/format/format.js';
import { policyFormat } from '../core/policy/read.js';
import { replaceFile } from '../disk/durable.js';
import { errno } from '../disk/errno.js';
import { Misuse } from './args.js';
import { ANY, FILE } from './flags.js';
import { type CliIo, type Command, EXIT } from './io.js';
import { isStdin, policyPath, readPolicyWord, shownName, stdinOnce } from './policy-input.js';
import { printIssue } from './print-issue.js';

type Outcome = 'unchanged' | 'formatted' | 'would_change' | 'refused';

export const fmt: Command = {
  name: 'fmt',
  summary: 'lay out policy files anew, comments kept',
  synopsis: ['FILE', '--write [--json] FILE...', '--check [--json] FILE...'],
  about: `
Prints the policy with its keys in order and two spaces a level; it means the same and keeps every comment, or nothing is
printed. A file with anchors keeps the order of its keys. FILE - is YAML from standard input.`,
  operands: { min: 1, max: ANY, what: 'at least one FILE', takes: FILE },
  flags: {
    write: { means: "puts it in the file's place, whole, with the same mode", short: 'w' },
    check: { means: 'names the files that would change' },
  },
  exit: { ok: 'done', no: 'a file would change (--check) or is refused', unknown: 'it cannot be read or written' },
  async run(given, io) {
    const { words } = given;
    const [checking, writing, json] = [given.on('check'), given.on('write'), given.on('json')];
    if (checking && writing) throw new Misuse('--check and --write exclude each other', 'keep one');
    if (!checking && !writing && (words.length > 1 || json)) {
      throw new Misuse('only one FILE can be printed', 'add --write or --check');
    }
    stdinOnce(words);
    if (writing && words.some(isStdin)) throw new Misuse('standard input cannot be written', 'leave out --write');
    const report: { file: string; is: Outcome }[] = [];
    for (const file of words) {
      const path = policyPath(file, io.cwd);
      const named = shownName(file);
      const read = await readPolicyWord(file, io);
      if (!read.ok) throw read.fault;
      const done = formatPolicy(read.bytes, policyFormat(path));
      if (!done.ok) {
        report.push({ file, is: 'refused' });
        if (!json) refuse(io, named, done);
        continue;
      }
      const bytes = utf8(done.text);
      const same = Buffer.from(read.bytes).equals(bytes);
      if (!checking && !writing) await io.write(done.text);
      if (writing && !same) overwrite(path, read.bytes, bytes);
      const is: Outcome = same ? 'unchanged' : checking ? 'would_change' : 'formatted';
      report.push({ file, is });
      if (!json && checking && !same) io.out(`${named}: would change`);
      if (!json && writing && !same) io.out(`${named}: formatted`);
    }
    const sound = !report.some(({ is }) => is === 'refused' || is === 'would_change');
    if (json) io.out(JSON.stringify({ ok: sound, files: report }));
    return sound ? EXIT.ok : EXIT.no;
  },
};

function refuse(io: CliIo, file: string, done: Exclude<ReturnType<typeof formatPolicy>, { ok: true }>): void {
  // Standard output is the policy's.
  const aside: CliIo = { ...io, out: line => io.err(line), stdoutIsTTY: false };
  if (done.why === 'issues') for (const issue of done.issues) printIssue(aside, file, 'error', issue);
  else io.err(`${file}: error: left as it is: ${done.message}`);
}

/** Through links, with the file's mode. One of another user is left alone, since its replacement would be ours. */
function overwrite(path: string, before: Uint8Array, bytes: Uint8Array): void {
  try {
    const target = realpathSync(path);
    const { mode, uid } = statSync(target);
    if (process.getuid?.() !== uid)
      throw new Fault('policy_not_rewritten', { path, why: 'it belongs to another user' });
    const now = readPolicyBytes(target);
    if (!now.ok || !Buffer.from(now.bytes).equals(before))
      throw new Fault('policy_not_rewritten', { path, why: 'it changed meanwhile' });
    replaceFile(target, bytes, mode & 0o7777);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('policy_not_rewritten', { path, why: errno(error) }, { cause: error });
  }
}
