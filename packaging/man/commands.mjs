// Section 1: the program and each of its commands.
import { bold, form, italic, page, paragraphs, prose, sees, tagged } from './roff.mjs';

const ENVIRONMENT = [
  [bold('CHECKRD_CONFIG_DIR'), 'the configuration directory; `~/.checkrd` if it is not set'],
  [bold('NO_COLOR'), 'set to anything, there is no colour; nor is there where the output is no terminal'],
];

export function mainPage(edition, commands) {
  const codes = {
    0: 'done',
    1: 'the answer is no',
    2: 'cannot say',
    64: 'misuse',
    141: 'whoever read the output went away',
  };
  return page(edition, 'checkrd', 1, 'enforce a policy on what AI agents call', [
    [
      'SYNOPSIS',
      `${bold('checkrd')} ${italic('COMMAND')}\n[arguments]\n.br\n${bold('checkrd \\-\\-version').replaceAll('\\e', '\\')}`,
    ],
    [
      'DESCRIPTION',
      prose(
        'Files in, decisions out, a log that verifies. A policy file says which calls agents may make, a kill switch file stops them, and an audit log records each decision before the call is made. Nothing asks a network.',
      ),
    ],
    ['COMMANDS', tagged(commands.map(({ name, summary }) => [`${bold(`checkrd-${name}`)}(1)`, summary]))],
    [
      'OPTIONS',
      tagged([
        [bold('--help'), 'lists the commands; behind a command, says what it takes'],
        [bold('--version'), 'prints the version'],
        [bold('--json'), 'behind any command: JSON on standard output, and nothing else'],
      ]),
    ],
    ['EXIT STATUS', tagged(Object.entries(codes).map(([code, means]) => [bold(code), means]))],
    [
      'ENVIRONMENT',
      tagged(ENVIRONMENT),
      '.PP',
      prose('Each setting has a variable of its own, see `checkrd.yaml`(5).'),
    ],
    [
      'FILES',
      tagged([
        [bold('/etc/checkrd/checkrd.yaml'), 'the settings'],
        [bold('/etc/checkrd/policy.yaml'), 'the policy; layers that bind it stand in `policy.d` beside it'],
        [bold('/var/lib/checkrd/killswitch'), 'while this file exists every call is denied'],
        [bold('/var/log/checkrd/audit.jsonl'), 'the audit log'],
        [bold('/run/checkrd/checkrd.sock'), 'the socket of the daemon'],
      ]),
    ],
    [
      'SEE ALSO',
      sees([
        ...commands.map(({ name }) => [`checkrd-${name}`, 1]),
        ['checkrd.yaml', 5],
        ['checkrd-audit', 5],
        ['checkrd-policy', 5],
      ]),
    ],
  ]);
}

export function commandPage(edition, command, { exitsOf, meaningOf, synopsisOf }, everyones) {
  const name = `checkrd-${command.name}`;
  const ways = synopsisOf(command).map(way => `${bold(`checkrd ${command.name}`)}\n${form(way)}`);
  const flags = Object.entries({ ...command.flags, ...everyones });
  return page(edition, name, 1, command.summary, [
    ['SYNOPSIS', ways.join('\n.br\n')],
    ['DESCRIPTION', paragraphs(command.about)],
    ...(command.acts === undefined
      ? []
      : [['ACTIONS', tagged(Object.entries(command.acts).map(([act, means]) => [bold(act), means]))]]),
    ['OPTIONS', tagged(flags.map(([flag, row]) => [tagOf(flag, row), meaningOf(row)]))],
    ...(command.notes === undefined ? [] : [['NOTES', paragraphs(command.notes)]]),
    ['EXIT STATUS', tagged(exitsOf(command).map(([code, means]) => [bold(String(code)), means]))],
    ['ENVIRONMENT', tagged(ENVIRONMENT)],
    [
      'SEE ALSO',
      sees([
        ['checkrd', 1],
        ['checkrd.yaml', 5],
        ['checkrd-audit', 5],
        ['checkrd-policy', 5],
      ]),
    ],
  ]);
}

function tagOf(flag, { takes, short }) {
  const names = [...(short === undefined ? [] : [`-${short}`]), `--${flag}`].map(bold).join(', ');
  return takes === undefined ? names : `${names} ${italic(takes.called)}`;
}
