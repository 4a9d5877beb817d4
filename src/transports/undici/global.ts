/** Where the copies of undici in a process meet, and as much of them as is used here. */

export interface Dispatcher {
  dispatch(options: object, handler: object): boolean;
}

/** Where undici keeps the dispatcher that all copies of it share; from undici 8 on also under the second name. */
export const GLOBAL_DISPATCHERS: readonly symbol[] = [
  Symbol.for('undici.globalDispatcher.1'),
  Symbol.for('undici.globalDispatcher.2'),
];
