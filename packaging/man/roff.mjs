// Text as man(7) macros: what is a macro, a quote or a dash to roff is none in what we say.

const LINE_MAX = 78;

/** @param {string} text for a macro's argument or a line of its own; every dash is one that can be copied. */
export function literal(text) {
  return plain(text).replaceAll('-', '\\-');
}

function plain(text) {
  return [...text.replaceAll('\\', '\\e').replaceAll("'", '\\(aq').replaceAll('…', '...')]
    .map(c => (c.codePointAt(0) < 128 ? c : `\\[u${c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}]`))
    .join('');
}

export const bold = text => `\\fB${literal(text)}\\fR`;
export const italic = text => `\\fI${literal(text)}\\fR`;

/** A sentence of our documents: `code` and --flags are bold, [links](to.md) their words. */
export function prose(text) {
  const parts = text
    .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .split(/(`[^`]+`|(?<![\w-])--[a-z][a-z-]*)/)
    .map((part, i) => (i % 2 === 0 ? plain(part) : bold(part.replaceAll('`', ''))));
  return filled(parts.join(''));
}

/** A synopsis: what is in capitals is to be filled in. */
export function form(text) {
  return filled(
    text
      .split(/([A-Z]{2,}[A-Z-]*|\b[A-Z]\b)/)
      .map((part, i) => (i % 2 === 0 ? literal(part) : italic(part)))
      .join('')
      .replaceAll(/(?<=^|[[( |])\\-\\-[a-z]+(?:\\-[a-z]+)*/g, flag => `\\fB${flag}\\fR`),
  );
}

/** Lines of the source are short, and none begins as a macro would. */
function filled(text) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== '' && last.length + 1 + word.length > LINE_MAX) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map(guarded).join('\n');
}

const guarded = line => (/^[.']/.test(line) ? `\\&${line}` : line);

export function page({ version, date }, name, section, summary, parts) {
  const head = `.TH ${literal(name.toUpperCase())} ${section} "${date}" "checkrd ${version}" "checkrd manual"`;
  const body = parts.map(([title, ...blocks]) => [`.SH ${title}`, ...blocks].join('\n'));
  const text = [
    '.\\" Written by packaging/man.mjs from the tables of the program.',
    head,
    `.SH NAME\n${filled(`${literal(name)} \\- ${plain(summary)}`)}`,
    ...body,
  ].join('\n');
  return { file: `${name}.${section}`, text: `${text}\n` };
}

/** Paragraphs with an empty line between them; one whose lines begin with spaces stands as it is. */
export function paragraphs(text) {
  return text
    .trim()
    .split(/\n\n+/)
    .map(block => (block.startsWith('  ') ? asItIs(block) : prose(block.replaceAll('\n', ' '))))
    .join('\n.PP\n');
}

function asItIs(block) {
  const lines = block.split('\n').map(line => guarded(literal(line.replace(/^ {2}/, ''))));
  return ['.RS 4', '.nf', ...lines, '.fi', '.RE'].join('\n');
}

/** @param rows of a tag that is roff already, and sentences. */
export function tagged(rows) {
  return rows.map(([tag, ...texts]) => `.TP\n${tag}\n${texts.map(prose).join('\n.br\n')}`).join('\n');
}

export const sees = names => filled(names.map(([name, section]) => `${bold(name)}(${section})`).join(', '));
