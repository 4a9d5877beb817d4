/** How the bytes of a file ended, and what a verification says of it. */
import type { Place } from './findings.js';
import type { LogVerifier } from './verify-log.js';

/** All but `whole` belong to compressed files. */
export type Ending =
  | { readonly kind: 'whole' }
  /** The compressed data stops before its end. */
  | { readonly kind: 'cut_short' }
  /** From here on it is not what a compressor writes, or its own check sum disagrees. */
  | { readonly kind: 'spoiled'; readonly why: string }
  /** After the compressed data stand bytes that are none. */
  | { readonly kind: 'trailing'; readonly bytes: number };

/** A small packed file may unpack to a line without end: beyond this it is not worth anybody's time. */
export const PACKED_LINE_MAX_BYTES = 64 * 1024 * 1024;
export const ENDLESS: Ending = { kind: 'spoiled', why: 'a line without end; the rest was not read' };

/** @param tornBytes After the last newline. */
export function tellEnding(verifier: LogVerifier, place: Place, ending: Ending, tornBytes: number): void {
  switch (ending.kind) {
    case 'whole':
      if (tornBytes > 0) verifier.torn(place, tornBytes);
      return;
    case 'cut_short':
      verifier.unpacked(place, 'cut_short', '');
      return;
    case 'spoiled':
      verifier.unpacked(place, 'spoiled', ending.why);
      return;
    case 'trailing':
      verifier.unpacked(place, 'trailing', String(ending.bytes));
  }
}
