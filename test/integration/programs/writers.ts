/** One program, two writers beside the first: `cluster` forks two processes, `threads` starts two worker threads. Each calls a tool. */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { isMainThread, Worker } from 'node:worker_threads';
import { Checkrd } from 'checkrd';

const how = process.argv[2] as 'cluster' | 'threads';

async function work(): Promise<void> {
  const checkrd = new Checkrd();
  const tool = checkrd.guardTool('files/read', () => 'read');
  for (let i = 0; i < 5; i++) await tool(i);
  // The others begin while this one still holds its log.
  if (isMainThread && cluster.isPrimary) await others();
  await checkrd.close();
}

async function others(): Promise<void> {
  const two = [0, 1].map(() =>
    how === 'cluster' ? cluster.fork() : new Worker(new URL(import.meta.url), { argv: [how] }),
  );
  const codes = await Promise.all(two.map(async one => (await once(one, 'exit'))[0] as number));
  if (codes.some(code => code !== 0)) throw new Error(`a writer ended with ${codes.join()}`);
}

await work();
if (cluster.isWorker) cluster.worker?.disconnect();
