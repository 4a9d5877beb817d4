/**
 * `checkrd check` of a large policy as a person meets it, from start to exit, against a program that only reads the same file
 * with the `yaml` package: whole processes in turn, on the Node that runs the bench.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blockPolicy } from './block-policy.js';
import { print, ratio, time } from './measure.js';
import { inTurn, packaged } from './whole-programs.js';

const RULES = 10_000;
const ROUNDS = 15;
const WARM_UP = 1;

/** `parseDocument` keeps what a checker needs, places, and does not pay for plain values as `parse` does: the stricter peer. */
const PEERS = ['parseDocument', 'parse'] as const;

export async function benchCheck(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-bench-'));
  try {
    const policy = join(folder, 'policy.yaml');
    writeFileSync(policy, blockPolicy(RULES));
    const launcher = await packaged(folder);
    const peers = PEERS.map((way): [string, ...string[]] => [
      process.execPath,
      '--input-type=module',
      '-e',
      `import { readFileSync } from 'node:fs';
       import { ${way} } from 'yaml';
       if (${way}(readFileSync(process.argv[1], 'utf8')).errors?.length > 0) process.exit(1);`,
      policy,
    ]);
    const commands: [string, ...string[]][] = [
      [launcher, 'check', policy],
      [process.execPath, 'dist/cli/main.js', 'check', policy],
      ...peers,
    ];
    const [whole = Number.NaN, unjoined = Number.NaN, document = Number.NaN, values = Number.NaN] = inTurn(
      commands,
      ROUNDS,
      WARM_UP,
    );
    print(`check of ${RULES} rules of YAML, a whole process, ${ROUNDS} runs in turn`, [
      `yaml: parseDocument          ${time(document * 1e6)}; parse ${time(values * 1e6)}`,
      `checkrd check, as installed  ${time(whole * 1e6)}: ${ratio(whole, document)} of parseDocument (expected ≤ 1.5×), ${ratio(whole, values)} of parse`,
      `from dist                    ${time(unjoined * 1e6)}: ${ratio(unjoined, document)}, ${ratio(unjoined, values)}`,
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
