/** `regex`, §3.3 and §3.4: RE2 syntax, unanchored, judged by another implementation of RE2. */
import { RE2JS } from 're2js';

const COMPILED = new Map<string, RE2JS>();

export function regexFinds(pattern: string, text: string): boolean {
  let compiled = COMPILED.get(pattern);
  if (compiled === undefined) {
    compiled = RE2JS.compile(pattern);
    COMPILED.set(pattern, compiled);
  }
  return compiled.matcher(text).find();
}
