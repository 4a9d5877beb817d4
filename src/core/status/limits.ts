/**
 * What a guard in the process itself cannot hold, by name: `status` says which of them a process has.
 *
 *   in   : how a process was started and what its settings say
 *   out  : codes of {@link LIMITS}, in its order
 *   never: a claim about what has happened: that is the coverage's
 */

/** The list of docs/register.md, "What is not covered". */
export const LIMITS = {
  fetch_only: 'only the fetch and the tools that were wrapped are decided',
  preloaded: 'what was preloaded before the guard',
  native_code: 'native code, once it is loaded',
  debugger: 'a debugger from outside',
  inner_handles: 'the socket of a call that was decided, and handles below node:dgram, node:dns and node:child_process',
  datagram_lookup: 'a lookup given to dgram.createSocket',
  other_programs: 'what a child that is not Node does',
  answers: 'answers of a server in this process',
  files: 'files and pipes that another program reads',
  unsynced_ways: 'a datagram, a lookup and a child do not wait for the disk or the daemon',
} as const satisfies Record<string, string>;
export type Limit = keyof typeof LIMITS;

export interface LimitFacts {
  /** The whole process is guarded (`checkrd/register`), not some functions of it. */
  readonly wholeProcess: boolean;
  /** The options of Node itself, in the order in which it takes them: of NODE_OPTIONS, then of the command line. */
  readonly nodeFlags: readonly string[];
  /** False, of these three: denied without asking the policy. */
  readonly nativeAllowed: boolean;
  readonly nativePassed: boolean;
  readonly datagramsAllowed: boolean;
  readonly processesAllowed: boolean;
  /** Records are with a disk or a daemon before a call goes on. */
  readonly callsWait: boolean;
}

export function limitsOf(facts: LimitFacts): readonly Limit[] {
  const { wholeProcess, nodeFlags, datagramsAllowed, processesAllowed } = facts;
  const holds: Readonly<Record<Limit, boolean>> = {
    fetch_only: !wholeProcess,
    preloaded: isPreceded(nodeFlags),
    native_code: facts.nativeAllowed || facts.nativePassed || !wholeProcess,
    debugger: !nodeFlags.includes('--disable-sigusr1') || nodeFlags.some(flag => flag.startsWith('--inspect')),
    inner_handles: true,
    datagram_lookup: datagramsAllowed || !wholeProcess,
    other_programs: processesAllowed || !wholeProcess,
    answers: true,
    files: true,
    unsynced_ways: wholeProcess && facts.callsWait,
  };
  return (Object.keys(LIMITS) as Limit[]).filter(limit => holds[limit]);
}

/** Whatever is required comes before any import. */
function isPreceded(flags: readonly string[]): boolean {
  const [first] = [...valuesOf(flags, ['--require', '-r']), ...valuesOf(flags, ['--import'])];
  return first !== undefined && !OURS.test(first);
}

const OURS = /(?:^|[/\\])(?:checkrd[/\\]register|register\.js)$/;

function valuesOf(flags: readonly string[], names: readonly string[]): readonly string[] {
  return flags.flatMap((flag, i) => {
    const [name = '', ...rest] = flag.split('=');
    if (!names.includes(name)) return [];
    return [rest.length > 0 ? rest.join('=') : (flags[i + 1] ?? '')];
  });
}

/** NODE_OPTIONS as the words that Node makes of it. */
export function wordsOf(options: string): readonly string[] {
  const words = options.match(/(?:"(?:[^"\\]|\\.)*"|[^\s"])+/g) ?? [];
  return words.map(word => word.replace(/"((?:[^"\\]|\\.)*)"/g, (_, text: string) => text.replace(/\\(.)/g, '$1')));
}
