/** A resolver that knows no name, as `getaddrinfo` says it: what that of a machine says, and when, is its own affair. */
import type { LookupFunction } from 'node:net';

export const lookup: LookupFunction = (name, _options, done) => {
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), {
    ...{ errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: name },
  });
  setImmediate(() => done(error, '', 0));
};
