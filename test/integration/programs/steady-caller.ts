/** As caller.ts, but goes on after a denial; says the code of each. Started by tests that end the daemon under it. */
import { Checkrd, findPolicyDenied } from 'checkrd';

const [, , origin, round] = process.argv as unknown as [string, string, string, string];
const checkrd = new Checkrd();
const guarded = checkrd.wrap(fetch);
let n = 0;
async function loop(lane: number): Promise<void> {
  for (;;) {
    try {
      const response = await guarded(`${origin}/r${round}/lane${lane}/${n++}`);
      await response.text();
    } catch (error) {
      console.log(findPolicyDenied(error)?.code ?? String(error));
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }
}
await Promise.all([0, 1, 2, 3].map(loop));
