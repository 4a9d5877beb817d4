/** A thread that turns blocks of lines into digests; see digest-pool. It reaches no file. */
import { parentPort } from 'node:worker_threads';
import { refuseOtherVersion } from '../agent/thread-given.js';
import { digestBlock } from '../core/verify/digest.js';
import { sha256, sha256Digest, sha256Text } from '../crypto/sha256.js';

const PORTS = { sha256, sha256Text, sha256Digest };

refuseOtherVersion();
parentPort?.on('message', (block: Uint8Array) => {
  const digest = digestBlock(PORTS, block);
  const moved = digest.subtrees === null ? [] : [digest.subtrees.nodes.buffer as ArrayBuffer];
  parentPort?.postMessage({ digest, block }, [block.buffer as ArrayBuffer, ...moved]);
});
