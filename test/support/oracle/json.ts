/** RFC 8259 by recursive descent, keeping duplicate names and the text of numbers. Null: not to be judged. */
export type Node =
  | { readonly type: 'null' }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'number'; readonly text: string }
  | { readonly type: 'string'; readonly value: string }
  /** A value of a form: compares as the operand's type. */
  | { readonly type: 'form'; readonly value: string }
  | { readonly type: 'array'; readonly items: readonly Node[]; readonly ambiguous: boolean }
  | { readonly type: 'object'; readonly members: readonly (readonly [string, Node])[]; readonly ambiguous: boolean };

const MAX_DEPTH = 128;

/** Made once, since a stack costs more than the text it is thrown for. */
const BAD = new Error('not to be judged');

export function parseJson(bytes: Uint8Array): Node | null {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
  try {
    const reader = new Reader(text);
    const node = reader.value(0);
    reader.space();
    return reader.at === text.length ? node : null;
  } catch (error) {
    if (error === BAD) return null;
    throw error;
  }
}

/** Whether a line is one complete value. */
export const completes = (bytes: Uint8Array): boolean => parseJson(bytes) !== null;

/** A name twice, or more names than are kept to find out. */
const isAmbiguous = (members: readonly (readonly [string, Node])[]): boolean =>
  members.length > 4096 || new Set(members.map(([name]) => name)).size !== members.length;

class Reader {
  at = 0;
  constructor(private readonly text: string) {}

  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) throw BAD;
    this.at = pattern.lastIndex;
    return found[0];
  }

  space(): void {
    this.take(/[ \t\r\n]*/y);
  }

  value(depth: number): Node {
    this.space();
    const c = this.text[this.at];
    if (c === '{') return this.object(depth + 1);
    if (c === '[') return this.array(depth + 1);
    if (c === '"') return { type: 'string', value: this.string() };
    if (c === 't' || c === 'f') return { type: 'boolean', value: this.take(/true|false/y) === 'true' };
    if (c === 'n') {
      this.take(/null/y);
      return { type: 'null' };
    }
    return { type: 'number', text: this.take(/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y) };
  }

  private string(): string {
    // JSON.parse knows the escapes; it also refuses controls.
    const raw = this.take(/"(?:[^"\\]|\\.)*"/sy);
    try {
      return JSON.parse(raw) as string;
    } catch {
      throw BAD;
    }
  }

  private array(depth: number): Node {
    if (depth > MAX_DEPTH) throw BAD;
    this.take(/\[/y);
    const items: Node[] = [];
    this.space();
    if (this.text[this.at] === ']') this.at++;
    else
      do {
        items.push(this.value(depth));
        this.space();
      } while (this.take(/[,\]]/y) === ',');
    return { type: 'array', items, ambiguous: false };
  }

  private object(depth: number): Node {
    if (depth > MAX_DEPTH) throw BAD;
    this.take(/\{/y);
    const members: (readonly [string, Node])[] = [];
    this.space();
    if (this.text[this.at] === '}') this.at++;
    else
      do {
        this.space();
        const name = this.string();
        this.space();
        this.take(/:/y);
        members.push([name, this.value(depth)]);
        this.space();
      } while (this.take(/[,}]/y) === ',');
    return { type: 'object', members, ambiguous: isAmbiguous(members) };
  }
}
