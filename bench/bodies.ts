/** Bodies of a kind and a size: items of that kind first, the path that rules look at last. */

export const TENANT = 'tenant-17';

export const BODY_KINDS = [
  'ascii',
  'accents',
  'cyrillic',
  'cjk',
  'emoji',
  'escapes',
  'chat',
  'structure',
  'structure, indented',
] as const;
export type BodyKind = (typeof BODY_KINDS)[number];

const SENTENCES: Readonly<Record<string, string>> = {
  ascii: 'Please summarise the report that the finance team sent on Monday, and list what is still open. ',
  accents: 'Résumé de la réunion : le contrôle a été différé à l’été prochain, après négociation à Orléans. ',
  cyrillic: 'Подготовьте краткое изложение отчёта, который прислал финансовый отдел, и список вопросов. ',
  cjk: '请总结财务部门星期一发送的报告，并列出仍未解决的问题。以下は月曜日の報告書の要約です。',
  emoji: 'Ship it 🚀🎉 looks good 👍🏽 to me 😀😃😄, thanks 🙏 see you 👋🌍 ',
  escapes: 'if (a === "b") {\n\treturn c.replace(/\\s+/g, "\\n");\n}\n// "quoted"\n',
};

/** About `bytes` bytes of JSON. */
export function bodyText(kind: BodyKind, bytes: number): string {
  const tail = `"meta":{"trace":"0af7651916cd43dd","tenant":{"name":"Example","id":"${TENANT}"}}}`;
  const room = bytes - tail.length - 60;
  const indent = kind === 'structure, indented' ? 2 : 0;
  const items: string[] = [];
  for (let left = room, i = 0; left > 0; i++) {
    const text = JSON.stringify(item(kind, i, left), null, indent);
    items.push(text);
    left -= Buffer.byteLength(text) + 1;
  }
  return `{"model":"example-large","temperature":0.2,"items":[${items.join(',')}],${tail}`;
}

function item(kind: BodyKind, i: number, left: number): object {
  if (kind === 'structure' || kind === 'structure, indented') {
    return {
      id: i,
      x: (i * 7919) % 1000,
      y: i / 8,
      ok: i % 2 === 0,
      tags: [1, 2, 3],
      k: null,
      s: 'a',
      at: { lo: -i, hi: i * 3 },
    };
  }
  const role = i % 2 === 0 ? 'user' : 'assistant';
  if (kind === 'chat') {
    const text = `${SENTENCES.ascii} It's item no. ${i}: "${'word '.repeat(i % 17)}"\nThanks!`;
    return { role, content: [{ type: 'text', text }], name: `n${i}`, tool_calls: [] };
  }
  const sentence = SENTENCES[kind] ?? '';
  // Messages of two kilobytes, or one that fills what is left.
  const size = Math.min(left, 2_000);
  return { role, text: sentence.repeat(Math.max(1, Math.floor(size / Buffer.byteLength(JSON.stringify(sentence))))) };
}
