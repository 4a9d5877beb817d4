/**
 * Text as a QR code, to carry it by camera from a machine without network.
 *
 * On a terminal two rows of modules are one row of half blocks, light ones drawn, so that it reads on a dark ground.
 */

import qrcode from 'qrcode-generator';
import { utf8 } from '../core/bytes.js';
import { Fault } from '../core/fault.js';

/** What the standard asks for around it. */
const QUIET_MODULES = 4;

export interface QrCode {
  /** Modules a side, quiet zone included. */
  readonly side: number;
  isDark(row: number, column: number): boolean;
}

/** @throws Fault `qr_too_large` */
export function qrOf(text: string): QrCode {
  // The package takes a character for a byte; what readers want is UTF-8.
  const bytes = Array.from(utf8(text), byte => String.fromCharCode(byte)).join('');
  // M bears more dirt, L holds more.
  const code = tryLevel(bytes, 'M') ?? tryLevel(bytes, 'L');
  if (code === null) throw new Fault('qr_too_large', { sizeBytes: bytes.length });
  const inner = code.getModuleCount();
  const isIn = (n: number): boolean => n >= QUIET_MODULES && n < QUIET_MODULES + inner;
  return {
    side: inner + 2 * QUIET_MODULES,
    isDark: (row, column) => isIn(row) && isIn(column) && code.isDark(row - QUIET_MODULES, column - QUIET_MODULES),
  };
}

function tryLevel(bytes: string, level: 'M' | 'L'): ReturnType<typeof qrcode> | null {
  try {
    const code = qrcode(0, level);
    code.addData(bytes, 'Byte');
    code.make();
    return code;
  } catch {
    return null; // it throws when no size holds them
  }
}

export function qrForTerminal({ side, isDark }: QrCode): string {
  let text = '';
  for (let row = 0; row < side; row += 2) {
    for (let column = 0; column < side; column++) {
      const upper = !isDark(row, column);
      const lower = row + 1 < side && !isDark(row + 1, column);
      text += upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ';
    }
    text += '\n';
  }
  return text;
}

export function qrAsSvg({ side, isDark }: QrCode): string {
  let path = '';
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) if (isDark(row, column)) path += `M${column} ${row}h1v1h-1z`;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges">
<rect width="${side}" height="${side}" fill="#fff"/><path d="${path}" fill="#000"/>
</svg>
`;
}
