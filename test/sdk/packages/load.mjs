// Imports a package from this folder's own lockfile, whoever asks.
export const load = name => import(name);
