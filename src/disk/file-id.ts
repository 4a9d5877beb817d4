/** Which file it is, whatever its name. */
/** What tells one file from another on one machine. */
export interface FileId {
  readonly dev: number;
  readonly ino: number;
}

export const sameFile = (a: FileId, b: FileId): boolean => a.ino === b.ino && a.dev === b.dev;
