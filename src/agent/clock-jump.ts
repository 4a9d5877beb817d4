/** A wall clock that leaves the monotonic one by more than this within a second was set, not slewed. */
export const CLOCK_JUMP_MS = 500;
