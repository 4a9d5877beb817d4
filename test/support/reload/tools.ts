/** The tools that people change a policy with. `new.yaml` beside it holds the new text; docs/reload.md shows this table. */
export interface ToolWay {
  /** What must be on the machine. */
  readonly tool: string;
  readonly command: string;
  /** The command for people, where it is a long one. */
  readonly shown?: string;
  /**
   * `over`: a whole file renamed over it, in force at once. Else it may still be being written, for all that can be seen,
   * and is in force when it has stood still for a second: `anew`, removed and made again; `into`, the same file.
   */
  readonly writes: 'over' | 'anew' | 'into';
}

export const TOOLS: readonly ToolWay[] = [
  { tool: 'mv', command: 'mv new.yaml policy.yaml', writes: 'over' },
  { tool: 'install', command: 'install -m 644 new.yaml policy.yaml', writes: 'anew' },
  { tool: 'rsync', command: 'rsync new.yaml policy.yaml', writes: 'over' },
  {
    tool: 'sed',
    command: "sed -i 's/name: a/name: b/; s/a\\.example/b.example/' policy.yaml",
    shown: 'sed -i SCRIPT policy.yaml',
    writes: 'over',
  },
  { tool: 'vim', command: vim('no'), shown: 'vim, backupcopy=no', writes: 'anew' },
  { tool: 'vim', command: vim('auto'), shown: 'vim, backupcopy=auto', writes: 'anew' },
  { tool: 'git', command: 'git checkout REVISION', writes: 'anew' },
  {
    tool: 'python3',
    command: `python3 -c "import os; t = open('.p', 'w'); t.write(open('new.yaml').read()); t.close(); os.replace('.p', 'policy.yaml')"`,
    shown: 'os.replace of Python, from a file beside it',
    writes: 'over',
  },
  { tool: 'cp', command: 'cp --remove-destination new.yaml policy.yaml', writes: 'anew' },
  { tool: 'cp', command: 'cp new.yaml policy.yaml', writes: 'into' },
  { tool: 'rsync', command: 'rsync --inplace new.yaml policy.yaml', writes: 'into' },
  { tool: 'vim', command: vim('yes'), shown: 'vim, backupcopy=yes', writes: 'into' },
  {
    tool: 'ed',
    command: "printf '%s\\n' 's/: a/: b/' 's/a\\.example/b.example/' w q | ed -s policy.yaml",
    shown: 'ed, nano',
    writes: 'into',
  },
  { tool: 'tee', command: 'tee policy.yaml < new.yaml', writes: 'into' },
  { tool: 'cat', command: 'cat new.yaml > policy.yaml', writes: 'into' },
  { tool: 'dd', command: 'dd if=new.yaml of=policy.yaml conv=notrunc status=none', writes: 'into' },
];

function vim(backupcopy: 'yes' | 'no' | 'auto'): string {
  return `vim -u NONE -N -es -c 'set writebackup backupskip= backupcopy=${backupcopy}' -c '%s/: a,/: b,/' -c '%s/a\\.ex/b.ex/' -c wq policy.yaml`;
}
