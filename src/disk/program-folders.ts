/** Where programs that we start are looked for. Not the caller's PATH: two processes must come to the same program. */
export const PROGRAM_FOLDERS = '/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin';
