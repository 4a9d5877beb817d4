/** Calls a tool, and at SIGUSR2 leaves by process.exit while another call runs. Started by the hand-over test. */
import { Checkrd } from 'checkrd';

const checkrd = new Checkrd();
const tool = checkrd.guardTool('files/read', (wait: boolean) => (wait ? new Promise<void>(() => {}) : undefined));
const slow = checkrd.guardTool('files/slow', () => new Promise<void>(resolve => process.once('SIGUSR2', resolve)));
await tool(false);
const ended = slow(null);
void tool(true);
setTimeout(() => console.log('called'), 50);
const stay = setInterval(() => {}, 1000);
await ended;
clearInterval(stay);
process.exit(3);
