/**
 * The automata of a program: each different one once, rows and then tables (program/format.ts).
 */
import type { Automaton } from '../regex/minimize.js';

const ROW_BYTES = 20;
const CLASS_BYTES = 256;

/** Bytes of a program that `automaton` takes. */
export function automatonBytes(automaton: Automaton): number {
  return ROW_BYTES + tableBytes(automaton);
}

function tableBytes({ table }: Automaton): number {
  return (CLASS_BYTES + table.length * 2 + 3) & ~3;
}

export class Automata {
  readonly #indexes = new Map<Automaton, number>();

  get count(): number {
    return this.#indexes.size;
  }

  /** The number under which the program knows `automaton`. */
  index(automaton: Automaton): number {
    let index = this.#indexes.get(automaton);
    if (index === undefined) {
      index = this.#indexes.size;
      this.#indexes.set(automaton, index);
    }
    return index;
  }

  encode(): Uint8Array {
    const all = [...this.#indexes.keys()];
    const out = new Uint8Array(all.reduce((sum, automaton) => sum + automatonBytes(automaton), 0));
    const view = new DataView(out.buffer);
    let at = all.length * ROW_BYTES;
    all.forEach((automaton, i) => {
      const { states, classes, start, firstEnd, classOf, table } = automaton;
      [at, states, classes, start, firstEnd].forEach((value, k) => {
        view.setUint32(i * ROW_BYTES + k * 4, value, true);
      });
      out.set(classOf, at);
      table.forEach((state, k) => {
        view.setUint16(at + CLASS_BYTES + k * 2, state, true);
      });
      at += tableBytes(automaton);
    });
    return out;
  }
}
