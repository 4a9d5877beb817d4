import { dirname, join, resolve } from 'node:path';
import { documentPaths, policyPlace } from '../disk/policy-set.js';

/**
 * `file` and the layers in `policy.d` beside it, in their order, as the user named it.
 * @throws Fault of a folder that does not load.
 */
export function withLayers(file: string, cwd: string): readonly string[] {
  const [, ...layers] = documentPaths(policyPlace(resolve(cwd, file)));
  return [file, ...layers.map(path => join(dirname(file), 'policy.d', path.slice(path.lastIndexOf('/') + 1)))];
}
