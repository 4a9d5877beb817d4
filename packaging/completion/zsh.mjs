// zsh, as a function of its completion system.
const quoted = text => `'${text.replaceAll("'", "'\\''")}'`;
/** A description ends at a bracket or a colon unless it is escaped. */
const described = text => text.replaceAll(/[[\]:\\]/g, '\\$&');
const offer = { file: '_files', folder: '_files -/', text: ' ' };
const offered = is => (typeof is === 'string' ? offer[is] : `(${is.join(' ')})`);

function flag([name, { takes, means, repeats, short }]) {
  const value = takes === undefined ? '' : `:${described(takes.called)}:${offered(takes.is)}`;
  const spec = (dashed, equals) => `${repeats ? '*' : ''}${dashed}${equals}[${described(means)}]${value}`;
  const long = spec(`--${name}`, takes === undefined ? '' : '=');
  return [long, ...(short === undefined ? [] : [spec(`-${short}`, '')])].map(one => `        ${quoted(one)}`);
}

function branch({ name, acts, words, flags }) {
  // What stands in double brackets is evaluated: quoted for that as well.
  const choices = acts.map(([act, means]) => `${act}\\:${quoted(described(means))}`);
  const word = [
    ...(acts.length === 0 ? [] : [`        ${quoted(`1:action:((${choices.join(' ')}))`)}`]),
    ...(words === null ? [] : [`        ${quoted(`*:word:${offered(words)}`)}`]),
  ];
  return `    ${name})
      _arguments -S \\
${[...flags.flatMap(flag), ...word].join(' \\\n')}
      ;;
`;
}

export function zsh(commands) {
  const rows = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}\n`).join('');
  return `#compdef checkrd
# zsh completion for checkrd, written by packaging/completion.mjs

_checkrd_commands() {
  local -a commands=(
${rows}    'help:say what a command does'
  )
  _describe -t commands command commands
}

_checkrd() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C '(- *)--help[list the commands]' '(- *)--version[print the version]' '1: :_checkrd_commands' '*:: :->rest'
  [[ $state == rest ]] || return
  case $line[1] in
    help) _checkrd_commands ;;
${commands.map(branch).join('')}  esac
}

_checkrd "$@"
`;
}
