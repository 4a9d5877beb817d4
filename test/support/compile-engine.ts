/**
 * Compiles the engine's sources, altered or in part, for tests. What came of the same sources, the same compiler and the same
 * caller is kept in `build`: compiling takes seconds.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const KEPT = join('build', 'engines');
const COMPILER = join('node_modules', 'assemblyscript', 'package.json');
const FLAGS = ['--runtime', 'stub', '--use', 'abort=', '--enable', 'simd', '--noColors'];

export interface Compiled {
  /** `import.meta.url` of the file that says what is compiled. */
  readonly by: string;
  /** Not optimized, it decides alike and is built in a third of the time. */
  readonly flags?: readonly string[];
  /** The folder of the sources and the file in it to begin with; `scratch` is an empty folder. */
  readonly from: (scratch: string) => readonly [folder: string, entry: string];
}

/** The bytes of the module. Throws what the compiler says. */
export async function compileEngine({ by, flags = [], from }: Compiled): Promise<Buffer> {
  const engine = readdirSync('engine', { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
  const hash = createHash('sha256');
  const files = [COMPILER, fileURLToPath(by), fileURLToPath(import.meta.url)];
  for (const file of [...files, ...engine.map(name => join('engine', name))])
    hash.update(readFileSync(file)).update('\0');
  const kept = join(KEPT, `${hash.digest('hex')}.wasm`);
  if (existsSync(kept)) return readFileSync(kept);
  const scratch = mkdtempSync(join(tmpdir(), 'checkrd-engine-'));
  try {
    const out = join(scratch, 'out.wasm');
    const [folder, entry] = from(scratch);
    const { error, stderr } = await main([
      ...[entry, '--baseDir', folder, '--outFile', relative(folder, out)],
      ...[...FLAGS, ...flags],
    ]);
    if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
    const bytes = readFileSync(out);
    mkdirSync(KEPT, { recursive: true });
    writeFileSync(`${kept}.${process.pid}`, bytes);
    renameSync(`${kept}.${process.pid}`, kept);
    return bytes;
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 10 });
  }
}
