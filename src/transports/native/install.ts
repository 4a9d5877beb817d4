/**
 * Ways to code that is none of ours to see: native add-ons, extensions of SQLite, Node's own bindings, the inspector.
 *
 *   in   : the arguments with which they are loaded or opened
 *   out  : as ever, or CheckrdPolicyDenied is thrown; coverage says what got in
 *   never: follows what native code does
 */
import inspector from 'node:inspector';
import { createRequire } from 'node:module';
import type { Way } from '../../agent/coverage.js';
import { type AnyFunction, allOnTop, type Patch, patchMethod, type Undo, undoAll } from '../patch.js';
import { asTool, type ProcessPort, restricted, watchedAs } from '../port.js';
import { quietly } from '../quiet.js';

const NATIVE_TOOL = 'node:native';

export function install(port: ProcessPort): Undo {
  const guard = (way: Way, kind: string, what: (args: readonly unknown[]) => unknown) => (native: AnyFunction) =>
    function (this: unknown, ...args: unknown[]): unknown {
      const name = String(what(args));
      const request = asTool(NATIVE_TOOL, { kind, name });
      const answer = restricted(port, way, port.egress.native, request, `${kind} ${name}`.trimEnd());
      if (answer?.kind === 'denied') throw answer.denial;
      // What is inside does not come out again: this is over, and never ended.
      answer?.call.finish({ result: 'ok' });
      return Reflect.apply(native, this, args);
    };
  const natives = [
    patchMethod(
      process,
      'binding',
      guard('native', 'process.binding', args => args[0]),
    ),
    patchMethod(
      process,
      '_linkedBinding',
      guard('native', 'process._linkedBinding', args => args[0]),
    ),
    patchMethod(
      process,
      'dlopen',
      guard('native', 'process.dlopen', args => args[1]),
    ),
    ...sqlite().map(prototype =>
      patchMethod(
        prototype,
        'loadExtension',
        guard('native', 'loadExtension', args => args[0]),
      ),
    ),
  ];
  const nothing = (): string => '';
  const session = inspector.Session.prototype;
  const inspectors: (Patch | null)[] = [
    patchMethod(inspector, 'open', guard('inspector', 'inspector.open', nothing)),
    patchMethod(session, 'connect', guard('inspector', 'inspector.Session', nothing)),
    patchMethod(session, 'connectToMainThread', guard('inspector', 'inspector.Session', nothing)),
  ];
  const watched = watchedAs(port.egress.native);
  port.coverage.covers('native', watched, null, allOnTop(natives));
  // Whoever may send signals to this process can open it from outside.
  port.coverage.covers('inspector', watched, null, allOnTop(inspectors));
  if (inspector.url() !== undefined) port.coverage.passed('inspector', 'the inspector was open from the start');
  const undo = undoAll([...natives, ...inspectors]);
  return () => {
    undo();
    port.coverage.forget('native');
    port.coverage.forget('inspector');
  };
}

/** Where this Node has it; loading it is no reason for its warning that it is new. */
function sqlite(): object[] {
  try {
    const require = createRequire(import.meta.url);
    const { DatabaseSync } = quietly(() => require('node:sqlite') as { DatabaseSync: { prototype: object } });
    return [DatabaseSync.prototype];
  } catch {
    return [];
  }
}
