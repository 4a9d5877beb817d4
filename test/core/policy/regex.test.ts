import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRegex } from '#src/core/policy/regex/compile.js';
import { automatonOf, finds, runs, secondOpinion } from '../../support/regex.js';

type Row = readonly [pattern: string, yes: readonly string[], no: readonly string[]];

const rows: readonly Row[] = [
  ['b', ['abc', 'b'], ['', 'ac', 'B']],
  ['^abc$', ['abc'], ['abcd', 'xabc', 'abc\n']],
  ['a|', ['', 'x'], []],
  ['^(a|)$', ['', 'a'], ['b']],
  ['^a.c$', ['abc', 'a中c', 'a😀c'], ['a\nc', 'ac']],
  ['(?s)^a.c$', ['a\nc'], []],
  ['(?m)^b$', ['a\nb\nc', 'b'], ['ab', 'b\r']],
  ['\\Ab\\z', ['b'], ['a\nb']],
  ['(?m)\\Ab\\z', ['b'], ['a\nb']],
  ['\\bcat\\b', ['a cat.', 'cat'], ['cats', 'cat_']],
  // `\b` is about ASCII: é is no word character.
  ['\\bcat\\b', ['écaté'], []],
  ['\\B', ['', 'ab', 'é', '..'], ['a']],
  ['\\B', [], ['aéb']],
  ['^\\d{2,3}$', ['12', '123'], ['1', '1234', '٣٤']],
  ['^a{2}$', ['aa'], ['a', 'aaa']],
  ['^a{2,}$', ['aa', 'aaaaa'], ['a']],
  ['^a{,2}$', ['a{,2}'], ['a', 'aa']],
  ['^a{0}b$', ['b'], ['ab']],
  ['^(a*)*$', ['', 'aaa'], ['b']],
  ['^(?:ab?)+?$', ['aba'], ['bb']],
  ['^[^a-c]$', ['d', 'é', '\n'], ['b', 'dd']],
  ['^[]a]+$', [']a'], ['b']],
  ['^[a-]+$', ['a-'], ['b']],
  ['^[[:alpha:]_]+$', ['aZ_'], ['1', 'é']],
  ['^[[:^digit:]]$', ['a'], ['1']],
  ['^[^[:^digit:]]$', ['1'], ['a']],
  ['^\\pL+$', ['aЖ中'], ['a1']],
  ['^\\p{Greek}$', ['σ'], ['s']],
  ['^\\P{Greek}$', ['s'], ['σ']],
  ['^\\p{^Greek}$', ['s'], ['σ']],
  ['^\\PN$', ['a'], ['1', 'Ⅷ']],
  ['^[\\pN\\s]$', ['Ⅷ', '\t'], ['a']],
  ['^\\s$', [' ', '\t', '\n', '\f', '\r'], ['\v', '\u00a0']],
  ['(?i)^straße$', ['STRAßE', 'ſtraẞe'], ['STRASSE']],
  ['(?i)^k$', ['k', 'K', '\u212a'], ['c']],
  ['^k$', ['k'], ['\u212a']],
  ['(?i)^[^k]$', ['a'], ['k', 'K', '\u212a']],
  ['(?i)^\\p{Lu}$', ['a', 'A'], ['1']],
  ['^a(?i)b|c$', ['aB', 'xC'], ['Ab']],
  ['^(?:a(?i)b)c$', ['aBc'], ['aBC']],
  ['^(?i:a)b$', ['Ab'], ['AB']],
  ['(?i)^a(?-i:b)$', ['Ab'], ['AB']],
  ['(?U)a+', ['a'], ['b']],
  ['^(?P<x>a)(?<y>b)$', ['ab'], ['a']],
  ['^\\Qa.b\\E+$', ['a.bb'], ['axb']],
  ['\\Q*', ['*'], ['a']],
  ['^\\x41\\x{1F600}\\101\\t\\a\\f\\r\\v\\n$', ['A😀A\t\x07\f\r\v\n'], ['A']],
  ['^\\.\\*\\_\\-\\/$', ['.*_-/'], ['a']],
  ['^*a', ['a'], ['b']],
  ['a{1,2', ['a{1,2'], ['aa']],
  ['}', ['}'], ['a']],
];

for (const [pattern, yes, no] of rows) {
  test(`${pattern} is a search`, () => {
    const other = secondOpinion(pattern);
    for (const [texts, want] of [
      [yes, true],
      [no, false],
    ] as const) {
      for (const text of texts) {
        assert.equal(finds(pattern, text), want, JSON.stringify(text));
        assert.equal(other?.(text), want, `re2js on ${JSON.stringify(text)}`);
      }
    }
  });
}

const refused: readonly (readonly [pattern: string, why: RegExp, mend?: RegExp])[] = [
  ['(a)\\1', /refers back.*character 4/, /alternatives/],
  ['\\k<a>', /escape/, /back-references/],
  ['a(?=b)', /looks around.*character 2/, /look-around/],
  ['a(?!b)', /looks around/],
  ['(?<=a)b', /looks around/],
  ['(?<!a)b', /looks around/],
  ['(?>a)', /begins in a way/, /imsU/],
  ['(?#x)', /begins in a way/],
  ['(?P=n)', /begins in a way/],
  ['(?x)a', /begins in a way/],
  ['(?i', /begins in a way/],
  ['(?-)', /begins in a way/],
  ['(?P<n>a)(?P<n>b)', /two groups/],
  ['(?P<n-n>a)', /name/],
  ['a**', /repeat follows.*character 3/, /possessive/],
  ['a++', /repeat follows/],
  ['a{2}{3}', /repeat follows/],
  ['a*??', /repeat follows/],
  ['*a', /nothing to repeat.*character 1/, /backslash/],
  ['(|+)', /nothing to repeat.*character 3/],
  ['a|?', /nothing to repeat/],
  ['{2}', /nothing to repeat/],
  ['a{1001}', /over 1,000/],
  ['a{2,1}', /ends before/],
  ['(a{100}){11}', /multiply/],
  ['(a', /not closed.*character 1/],
  ['a)', /closes nothing.*character 2/],
  ['[a', /not closed.*character 1/],
  ['[]', /not closed/],
  ['[b-a]', /ends before.*character 2/],
  ['[a-\\d]', /escape/],
  ['[[:foo:]]', /POSIX/],
  ['[\\b]', /escape/, /x08/],
  ['\\Z', /escape/, /\\z/],
  ['\\C', /escape/, /half a character/],
  ['\\E', /escape/],
  ['\\é', /escape/, /leave out/],
  ['\\8', /refers back/],
  ['\\x4', /two digits/],
  ['\\x{110000}', /10FFFF/],
  ['\\u0041', /escape/, /\\x\{/],
  ['\\pX', /no category/, /Greek/],
  ['\\p{Greeks}', /no category/],
  ['\\p{Greek', /not closed/],
  ['\\p{Script=Greek}', /no category/],
  ['a\\', /lone/],
  ['a^b', /matches no text/],
  ['[^\\x00-\\x{10FFFF}]', /matches no text/],
];

for (const [pattern, why, mend] of refused) {
  test(`${pattern} is refused`, () => {
    const compiled = compileRegex(pattern);
    assert.ok(!compiled.ok);
    assert.equal(compiled.flaw.code, 'regex_invalid');
    assert.match(compiled.flaw.message, why);
    if (mend !== undefined) assert.match(compiled.flaw.suggestion ?? '', mend);
    if (!why.source.startsWith('matches no')) assert.equal(secondOpinionBesides(pattern), null, 're2js refuses it too');
  });
}

/** re2js goes beyond RE2 in look-behind and names of properties. */
function secondOpinionBesides(pattern: string): unknown {
  return /\(\?<[=!]|Script=|\\C/.test(pattern) ? null : secondOpinion(pattern);
}

test('256 characters are the most, and none too few', () => {
  assert.ok(compileRegex('😀'.repeat(256)).ok);
  const long = compileRegex('a'.repeat(257));
  assert.ok(!long.ok && long.flaw.code === 'bound_exceeded');
  assert.match(long.flaw.message, /257 characters; the most is 256/);
  const none = compileRegex('');
  assert.ok(!none.ok && none.flaw.code === 'empty_value');
});

test('4,096 states are the most, after minimising', () => {
  // Two for what is decided, one a letter.
  assert.equal(automatonOf('a{1000}ba{1000}ba{1000}ba{1000}ba{89}').states, 4095);
  assert.ok(compileRegex('a{1000}ba{1000}ba{1000}ba{1000}ba{90}').ok);
  const large = compileRegex('a{1000}ba{1000}ba{1000}ba{1000}ba{91}');
  assert.ok(!large.ok && large.flaw.code === 'bound_exceeded');
  assert.match(large.flaw.message, /a\{1000\}b.*4,096 states/);
});

test('patterns that unfold without end are refused by the bound, those that only look so are read', () => {
  const patterns: readonly (readonly [string, string])[] = [
    ['(a|b)*a(a|b){14}', 'bound_exceeded'],
    ['(.{0,50}a){20}', 'bound_exceeded'],
    ['(?:\\pL?){50}\\pL{50}', 'bound_exceeded'],
    ['\\PL{1000}', 'bound_exceeded'],
    ['(?:\\B\\PL\\b.?){1,500}', 'bound_exceeded'],
    ['((((a{0,9}){9}){9}){1,9}b?){1,2}', 'regex_invalid'],
    ['(?:a?){1000}a{1000}', 'read'],
    ['(\\b|\\B|a|^|$){1000}', 'read'],
    [`(?i)${'\\pL|\\w*'.repeat(35)}`, 'read'],
  ];
  for (const [pattern, expected] of patterns) {
    const compiled = compileRegex(pattern);
    assert.equal(compiled.ok ? 'read' : compiled.flaw.code, expected, pattern);
  }
});

test('in bytes that are not UTF-8 no character stands', () => {
  const bytes = (...given: number[]): Uint8Array => Uint8Array.from(given);
  for (const bad of [
    [0xff],
    [0x80],
    [0xc3],
    [0xc0, 0x80],
    [0xe0, 0x80, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
  ]) {
    assert.equal(finds('(?s).', bytes(...bad)), false, `${bad}`);
    assert.equal(finds('[^a]', bytes(...bad)), false, `${bad}`);
    assert.equal(finds('(?s)a.b', bytes(0x61, ...bad, 0x62)), false, `${bad}`);
    assert.equal(finds('b$', bytes(0x61, ...bad, 0x62)), true, `${bad}`);
    assert.equal(finds('^a', bytes(0x61, ...bad)), true, `${bad}`);
  }
});

test('every code point that case folding moves is found as the JavaScript engine finds it', () => {
  const encoder = new TextEncoder();
  for (const letter of 'kKſsσςΣßẞǄǅǆΩΩåÅιͅιÅꭰᏰ𐐀Iıİ') {
    const automaton = automatonOf(`(?i)^${letter}$`);
    const js = new RegExp(`^${letter}$`, 'iu');
    for (let code = 1; code < 0x11000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const text = String.fromCodePoint(code);
      assert.equal(runs(automaton, encoder.encode(text)), js.test(text), `${letter} ${code.toString(16)}`);
    }
  }
});

test('sets of Unicode have the edges that the JavaScript engine gives them', () => {
  for (const name of ['L', 'Lu', 'N', 'Z', 'P', 'Han', 'Greek', 'Cc', 'Co', 'Sm', 'Old_Italic']) {
    const automaton = automatonOf(`^\\p{${name}}$`);
    const js = new RegExp(`^\\p{${name.length > 2 ? 'Script' : 'gc'}=${name}}$`, 'u');
    for (let code = 0; code <= 0x10ffff; code += code % 0x1000 < 0x10 || code % 0x1000 > 0xff0 ? 1 : 7) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const text = String.fromCodePoint(code);
      assert.equal(runs(automaton, new TextEncoder().encode(text)), js.test(text), `${name} ${code.toString(16)}`);
    }
  }
});
