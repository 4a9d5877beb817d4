/**
 * What a plain YAML scalar is in the 1.2 core schema (YAML 1.2.2, section 10.3.2), with numbers left as text.
 */
const NULL = /^(?:null|Null|NULL|~|)$/;
const BOOLEAN = /^(?:true|True|TRUE|false|False|FALSE)$/;
const NUMBER = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const REFUSED = /^(?:0x[0-9a-fA-F]+|0o[0-7]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
/** Octal in YAML 1.1 and in many heads, decimal in YAML 1.2. */
const LEADING_ZERO = /^[-+]?0[0-9]/;

export type PlainScalar =
  | { readonly kind: 'string' | 'number' | 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** A number that the policy language does not take. */
  | { readonly kind: 'refused' };

export function plainScalar(source: string): PlainScalar {
  const c = source.charCodeAt(0);
  // Most plain scalars begin with a letter that begins none of the special words.
  if (c > 0x60 && c !== 0x74 && c !== 0x66 && c !== 0x6e && c !== 0x7e) return { kind: 'string' };
  if (NUMBER.test(source)) return LEADING_ZERO.test(source) ? { kind: 'refused' } : { kind: 'number' };
  if (NULL.test(source)) return { kind: 'null' };
  if (BOOLEAN.test(source)) return { kind: 'boolean', value: source.toLowerCase() === 'true' };
  return REFUSED.test(source) ? { kind: 'refused' } : { kind: 'string' };
}
