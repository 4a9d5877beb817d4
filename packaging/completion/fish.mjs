// fish. The command is the second word of the line, whatever else is called the same.
const quoted = text => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;

function value(takes) {
  if (takes === undefined) return '';
  if (typeof takes.is === 'object') return ` -x -a ${quoted(takes.is.join(' '))}`;
  if (takes.is === 'text') return ' -x';
  return takes.is === 'folder' ? " -x -a '(__fish_complete_directories)'" : ' -r -F';
}

function lines({ name, summary, acts, words, flags }) {
  const here = `complete -c checkrd -n '__checkrd_runs ${name}'`;
  return [
    `complete -c checkrd -n __checkrd_first -a ${name} -d ${quoted(summary)}`,
    ...flags.map(([flag, { takes, means, short }]) => {
      const letter = short === undefined ? '' : ` -s ${short}`;
      return `${here} -l ${flag}${letter}${value(takes)} -d ${quoted(means)}`;
    }),
    ...acts.map(([act, means]) => `complete -c checkrd -n '__checkrd_acts ${name}' -a ${act} -d ${quoted(means)}`),
    ...(words === 'file' ? [`${here} -F`] : []),
    ...(typeof words === 'object' && words !== null ? [`${here} -a ${quoted(words.join(' '))}`] : []),
  ];
}

export function fish(commands) {
  const names = commands.map(({ name }) => name).join(' ');
  return `# fish completion for checkrd, written by packaging/completion.mjs

function __checkrd_first
    test (count (commandline -opc)) -eq 1
end

function __checkrd_runs
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = $argv[1]
end

function __checkrd_acts
    set -l words (commandline -opc)
    test (count $words) -eq 2; and test $words[2] = $argv[1]
end

complete -c checkrd -f
complete -c checkrd -n __checkrd_first -l version -d 'print the version'
complete -c checkrd -n __checkrd_first -l help -d 'list the commands'
complete -c checkrd -n __checkrd_first -a help -d 'say what a command does'
complete -c checkrd -n '__checkrd_runs help' -a '${names}'
${commands.flatMap(lines).join('\n')}
`;
}
