import assert from 'node:assert/strict';
import { test } from 'node:test';
import jsqr from 'jsqr';
import { type QrCode, qrAsSvg, qrForTerminal, qrOf } from '#src/cli/qr.js';
import { Fault } from '#src/core/fault.js';

const PIXELS = 4;
/** The package's types describe its default as a module. */
const read = jsqr as unknown as (
  data: Uint8ClampedArray,
  width: number,
  height: number,
) => { binaryData: number[] } | null;

function decode(side: number, isDark: QrCode['isDark']): string | null {
  const width = side * PIXELS;
  const data = new Uint8ClampedArray(width * width * 4).fill(255);
  for (let y = 0; y < width; y++) {
    for (let x = 0; x < width; x++) {
      if (isDark(Math.floor(y / PIXELS), Math.floor(x / PIXELS)))
        data.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  const found = read(data, width, width);
  return found && Buffer.from(found.binaryData).toString('utf8');
}

const TEXTS = ['x', '— host/agent/0123 é\n', `${'a note of a log\n'.repeat(60)}— end\n`];

test('an independent reader gets the text back, from the code, the terminal and the SVG', () => {
  for (const text of TEXTS) {
    const code = qrOf(text);
    assert.equal(decode(code.side, code.isDark), text);

    const rows = qrForTerminal(code).split('\n').slice(0, -1);
    const light = (row: number, column: number): boolean => {
      const cell = [...(rows[Math.floor(row / 2)] as string)][column] as string;
      return cell === '█' || cell === (row % 2 === 0 ? '▀' : '▄');
    };
    assert.equal(
      decode(code.side, (row, column) => !light(row, column)),
      text,
    );

    const svg = qrAsSvg(code);
    const dark = new Set([...svg.matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(m => `${m[2]} ${m[1]}`));
    assert.ok(svg.includes(`viewBox="0 0 ${code.side} ${code.side}"`));
    assert.equal(
      decode(code.side, (row, column) => dark.has(`${row} ${column}`)),
      text,
    );
  }
});

test('the most that fits, and one byte more', () => {
  assert.ok(qrOf('x'.repeat(2953)));
  assert.throws(
    () => qrOf('x'.repeat(2954)),
    error => error instanceof Fault && error.code === 'qr_too_large',
  );
});
