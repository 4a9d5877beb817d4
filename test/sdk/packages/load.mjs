<<<<<<< HEAD
// Imports a package from this folder's own lockfile, whoever asks.
=======
// Packages of this folder's lockfile, as an ES module of theirs would import them.
>>>>>>> sdkllm
export const load = name => import(name);
