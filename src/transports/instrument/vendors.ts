/** The SDKs that can be named, and whether a client keeps the `fetch` of the moment in which it was made. */
export const VENDORS = {
  anthropic: { package: '@anthropic-ai/sdk', keepsFetch: true },
  cohere: { package: 'cohere-ai', keepsFetch: false },
  'google-genai': { package: '@google/genai', keepsFetch: false },
  groq: { package: 'groq-sdk', keepsFetch: true },
  mistral: { package: '@mistralai/mistralai', keepsFetch: false },
  openai: { package: 'openai', keepsFetch: true },
  together: { package: 'together-ai', keepsFetch: true },
} as const satisfies Record<string, { readonly package: string; readonly keepsFetch: boolean }>;

export type Vendor = keyof typeof VENDORS;
export const VENDOR_NAMES = Object.keys(VENDORS) as readonly Vendor[];
