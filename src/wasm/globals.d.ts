/** The part of WebAssembly that the host uses; without the DOM library nothing declares it. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): readonly object[];
  }
  class Instance {
    constructor(module: Module);
    readonly exports: object;
  }
  class Memory {
    private constructor();
    readonly buffer: ArrayBuffer;
  }
}
