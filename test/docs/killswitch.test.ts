/**
 * docs/killswitch.md: its commands are run from top to bottom in one home, beside an agent that runs all the while; they print what stands
 * below them. `CHECKRD_WRITE_DOCS=1` writes what is printed anew. Names, times, IDs and numbers are shown as words.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fencedBlocks } from '../support/fenced.js';
import { Home } from '../support/home.js';
import { until } from '../support/until.js';

const PATH = 'docs/killswitch.md';
const AGENT = `
const { Checkrd } = await import(${JSON.stringify(`file://${resolve('dist/index.js')}`)});
const checkrd = new Checkrd({ agentId: 'crm-agent' });
setInterval(() => console.log(JSON.stringify(checkrd.healthy().holds)), 20);
`;

/** An agent of its own process, and the holds it last told of. */
class Agent {
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;
  holds = 'starting';
  constructor(home: Home) {
    const env = { PATH: process.env.PATH, HOME: home.dir };
    const args = ['--input-type=module', '-e', AGENT];
    this.#child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#gone = once(this.#child, 'close');
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', line => {
      this.holds = line;
    });
  }
  async close(): Promise<void> {
    this.#child.kill();
    await this.#gone;
  }
}

async function opens(t: TestContext): Promise<{ home: Home; agents: Agent[] }> {
  const home = new Home({ '.checkrd/policy.yaml': 'default: deny\nrules: []\n' });
  const agents: Agent[] = [];
  t.after(async () => {
    await agents.at(-1)?.close();
    home.remove();
  });
  home.write('bin/checkrd', `#!/bin/sh\nexec '${process.execPath}' '${resolve('dist/cli/main.js')}' "$@"\n`);
  chmodSync(home.path('bin/checkrd'), 0o755);
  agents.push(new Agent(home));
  await until('the agent', () => agents[0]?.holds === '[]');
  return { home, agents };
}

test('the page, from top to bottom', async t => {
  const { home, agents } = await opens(t);
  const blocks = fencedBlocks(PATH);
  const printed: string[] = [];
  const seen: string[] = [];
  for (const [i, block] of blocks.entries()) {
    if (block.language !== 'sh') continue;
    const command = block.text.trim();
    const env = { PATH: `${home.path('bin')}:${process.env.PATH}`, HOME: home.dir };
    const ran = spawnSync('sh', ['-c', command], { encoding: 'utf8', cwd: home.dir, env });
    seen.push(command);
    // The agent follows before the next command, as it would for a person.
    const stopped = ['killswitch', 'killswitch.d/crm-agent'].some(name => existsSync(home.path('.checkrd', name)));
    const latched =
      /kill --reason breach|^checkrd resume$/.test(command) && seen.some(c => c.includes('resume_requires'));
    await until(`the agent after ${command}`, () => (stopped || latched) === (agents.at(-1)?.holds !== '[]'));
    if (command.includes('resume_requires')) {
      await agents.at(-1)?.close();
      agents.push(new Agent(home));
      await until('the agent again', () => agents.at(-1)?.holds === '[]');
    }
    const next = blocks[i + 1];
    if (next?.language !== 'text') continue;
    const shown = plain(ran.stdout + ran.stderr, home);
    printed.push(shown);
    if (process.env.CHECKRD_WRITE_DOCS !== '1') assert.equal(shown, next.text, `${PATH}:${block.line}: ${command}`);
  }
  assert.ok(printed.length >= 10);
  if (process.env.CHECKRD_WRITE_DOCS === '1') {
    const page = readFileSync(PATH, 'utf8');
    writeFileSync(
      PATH,
      page.replace(/```text\n.*?```/gs, () => `\`\`\`text\n${printed.shift()}\`\`\``),
    );
  }
});

function plain(text: string, home: Home): string {
  return (
    text
      // Whose folders these are is another page's business; what the processes counted depends on when they were asked.
      .replace(/^(separate|calls) .*\n/gm, '')
      .replaceAll(home.dir, '~')
      .replaceAll(`by ${userInfo().username}`, 'by alice')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z/g, 'TIME')
      .replace(/[^ "]+\/crm-agent\/[0-9a-f]{16}/g, 'ORIGIN')
      .replace(/\b[0-9a-f]{32}\b/g, 'ID')
      .replace(/\b[0-9a-f]{16}\b/g, 'KEY')
      .replace(/\b[0-9a-f]{64}\b/g, 'HASH')
      .replace(/\b(seq|uid|owner_uid|by_uid|abort_ms)([=: "]+)\d+/g, '$1$2N')
      .replace(/\d+ records/g, 'N records')
      .replace(/^\d+ TIME/gm, 'N TIME')
      .replace(/\d+ (s|min) ago/g, 'N s ago')
      .replace(/\bpid \d+/g, 'pid N')
      .replace(
        /signed up to \d+, N s ago\n {10}head \d+:HASH|no checkpoint near the end/g,
        'signed up to N, N s ago\n          head N:HASH',
      )
  );
}
