/** What the harness must know of a vendor's SDK to try it in every way that is meant for it. */
import { resolve } from 'node:path';
import type { Asked, Wire } from './wire.js';

/** The tier's own lockfile. */
export const PACKAGES = resolve('test/sdk/packages');

/** The packages under the names by which programs import them. */
export type Modules = Readonly<Record<string, unknown>>;

export interface ClientOptions {
  /** Of the local server. */
  readonly url: string;
  /** Absent: the SDK is left to find its own. */
  readonly fetch?: typeof fetch;
  /** Absent: as the SDK comes. */
  readonly retries?: 0;
}

/** What an outcome records of an answer. */
export interface Recorded {
  readonly model?: string;
  readonly input_tokens?: number;
  readonly output_tokens?: number;
}

export interface Vendor<Client> {
  /** Name in the tests' titles. */
  readonly title: string;
  /** By imported name the package of the lockfile. */
  readonly packages: Readonly<Record<string, string>>;
  /** Oldest major of Node that runs it, where it is not the oldest that checkrd runs on. */
  readonly needsNode?: number;
  /** Another API of a client that is tried beside it: its samples are not the page's, and its tries are counted there. */
  readonly isSecond?: true;
  client(modules: Modules, options: ClientOptions): Client;
  ask(client: Client, asked: Asked): Promise<string>;
  stream(client: Client, asked: Asked): AsyncIterable<string>;
  /** Another endpoint, which the policy does not allow. */
  other(client: Client): Promise<unknown>;
  readonly wire: Wire;
  /** What the outcome says of an answer that has come whole. */
  recorded(model: string, words: number): Recorded;
  /** Of a stream that was cut. */
  recordedWhenCut(model: string): Recorded;
}

/** Of the class, and of the module. */
export type Instrument =
  | 'instrument'
  | 'instrumentAnthropic'
  | 'instrumentCohere'
  | 'instrumentGoogleGenAI'
  | 'instrumentGroq'
  | 'instrumentMistral'
  | 'instrumentOpenAI'
  | 'instrumentTogether';

/** One page of docs/sdks, and what it says of an SDK. */
export interface Page<Client> {
  readonly name: string;
  /** Its API, as the page's policy spells it. */
  readonly host: string;
  readonly models: { readonly allowed: string; readonly denied: string };
  readonly vendors: readonly Vendor<Client>[];
  /** The option that takes a guarded fetch. */
  readonly takes: string;
  readonly instrument: Instrument;
  /** A client keeps the fetch of the moment in which it is made. */
  readonly keepsFetch: boolean;
  /** The class of the error (its name where that is more telling) where a denial throws, and how often the SDK tries then. */
  readonly thrown: { readonly error: string; readonly tries: number };
  /** The class of the error where a denial is a 403. */
  readonly answered: {
    readonly error: string;
    /** What the error says of the answer, as its SDK has it. */
    says(error: never): { readonly status: unknown; readonly code: unknown };
  };
}
