/** 100 MB down and 100 MB up through `fetch`, streamed, bare and guarded in turn: how long, and how much memory at most. */
import { performance } from 'node:perf_hooks';
import { atHome } from './folder.js';
import { median, print } from './measure.js';
import { startOtherProcess, TRANSFER_BYTES } from './other-process.js';

interface Taken {
  readonly ms: number[];
  /** Most that was held outside of the heap and in it, beyond what was held before. */
  readonly bytes: number[];
}

export async function benchTransfer(rounds = 7): Promise<void> {
  const other = await startOtherProcess();
  await atHome(async ({ checkrd }) => {
    const guarded = checkrd.wrap();
    const ways = {
      down: async (by: typeof fetch): Promise<void> => {
        let bytes = 0;
        for await (const chunk of (await by(`${other.url}large`)).body!) bytes += chunk.byteLength;
        if (bytes !== TRANSFER_BYTES) throw new Error(`${bytes} bytes came`);
      },
      up: async (by: typeof fetch): Promise<void> => {
        const answer = await by(`${other.url}large`, { method: 'POST', body: large(), duplex: 'half' } as RequestInit);
        const text = await answer.text();
        if (text !== `${TRANSFER_BYTES}`) throw new Error(`${text} bytes went`);
      },
    };
    const lines: string[] = [];
    for (const [name, run] of Object.entries(ways)) {
      const bare: Taken = { ms: [], bytes: [] };
      const ours: Taken = { ms: [], bytes: [] };
      for (let i = -1; i < rounds; i++) {
        const [one, two] = [await measured(() => run(fetch)), await measured(() => run(guarded))];
        if (i < 0) continue;
        bare.ms.push(one.ms);
        bare.bytes.push(one.bytes);
        ours.ms.push(two.ms);
        ours.bytes.push(two.bytes);
      }
      const [b, g] = [median(bare.ms), median(ours.ms)];
      lines.push(
        `${name.padEnd(5)} bare ${b.toFixed(0)} ms, guarded ${g.toFixed(0)} ms: ${((g / b - 1) * 100).toFixed(1)} % (expected ≤ 10 %); most memory ${mb(bare)} and ${mb(ours)} (expected flat)`,
      );
    }
    print(`${TRANSFER_BYTES / 1e6} MB streamed on loopback, ${rounds} times each in turn, p50`, lines);
  }).finally(() => other.close());
}

const mb = ({ bytes }: Taken): string => `${(median(bytes) / 1e6).toFixed(1)} MB`;

function large(): ReadableStream<Uint8Array> {
  let left = TRANSFER_BYTES;
  return new ReadableStream({
    pull(controller) {
      const size = Math.min(left, 65_536);
      left -= size;
      if (size === 0) controller.close();
      else controller.enqueue(new Uint8Array(size));
    },
  });
}

async function measured(work: () => Promise<void>): Promise<{ ms: number; bytes: number }> {
  const held = (): number => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = held();
  let most = before;
  const look = setInterval(() => {
    most = Math.max(most, held());
  }, 10);
  const start = performance.now();
  await work();
  const ms = performance.now() - start;
  clearInterval(look);
  return { ms, bytes: most - before };
}
