/** At SIGUSR2 a call of a tool ends, and the program leaves by process.exit while another runs. Started by the hand-over test. */
import { Checkrd } from 'checkrd';

const checkrd = new Checkrd();
const endless = checkrd.guardTool('files/endless', () => new Promise<void>(() => {}));
const slow = checkrd.guardTool('files/slow', () => new Promise<void>(resolve => process.once('SIGUSR2', resolve)));
const stay = setInterval(() => {}, 1000);
void endless(null);
const ended = slow(null);
setInterval(() => {
  // Both have begun, and nothing of them is on its way.
  if (checkrd.healthy().audit.size === 5) console.log('called');
}, 10).unref();
await ended;
clearInterval(stay);
process.exit(3);
