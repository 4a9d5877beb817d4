// bash, with nothing of the package bash-completion. Every name here is of letters and dashes: nothing needs a quote.
const offer = { file: '_checkrd_files -f', folder: '_checkrd_files -d', text: 'return' };
const offered = is => (typeof is === 'string' ? offer[is] : `_checkrd_words ${is.join(' ')}`);

function branch({ name, acts, words, flags }) {
  const valued = flags.filter(([, { takes }]) => takes !== undefined);
  const values = valued.map(([flag, { takes }]) => `        --${flag}) ${offered(takes.is)}; return ;;\n`);
  return `    ${name})
      case $before in
${values.join('')}      esac
      case $word in
        -*) _checkrd_words ${flags.map(([flag]) => `--${flag}`).join(' ')}; return ;;
      esac
${acts.length === 0 ? '' : `      if [ "$COMP_CWORD" = 2 ]; then _checkrd_words ${acts.map(([act]) => act).join(' ')}; return; fi\n`}${
  words === null ? '' : `      ${offered(words)}\n`
}      ;;
`;
}

export function bash(commands) {
  const names = commands.map(({ name }) => name).join(' ');
  return `# bash completion for checkrd, written by packaging/completion.mjs

_checkrd_words() {
  COMPREPLY=($(compgen -W "$*" -- "$word"))
}

_checkrd_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen "$1" -- "$word"))
}

_checkrd() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    _checkrd_words ${names} help --help --version
    return
  fi
  # --flag=value comes as three words.
  if [ "$word" = = ]; then
    word=
  elif [ "$before" = = ]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case \${COMP_WORDS[1]} in
    help) if [ "$COMP_CWORD" = 2 ]; then _checkrd_words ${names}; fi ;;
${commands.map(branch).join('')}  esac
}

complete -F _checkrd checkrd
`;
}
