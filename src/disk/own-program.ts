/**
 * Runs a program of the machine for checkrd itself and waits for it. Taken from Node when this loads: whatever patches
 * `node:child_process` later does not see it.
 */
import { spawnSync } from 'node:child_process';

export const runOwn = spawnSync;
