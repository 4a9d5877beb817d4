/** Calls the upstream as fast as it can through checkrd until it is killed. Started by the crash test. */
import { Checkrd } from 'checkrd';

const [, , origin, round] = process.argv as unknown as [string, string, string, string];
const checkrd = new Checkrd();
const guarded = checkrd.wrap(fetch);
let n = 0;
async function loop(lane: number): Promise<void> {
  for (;;) {
    const response = await guarded(`${origin}/r${round}/lane${lane}/${n++}`);
    await response.text();
  }
}
await Promise.all([0, 1, 2, 3].map(loop));
