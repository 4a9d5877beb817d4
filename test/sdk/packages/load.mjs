// Packages of this folder's lockfile, as an ES module of theirs would import them.
export const load = name => import(name);
