// Builds the engine: AssemblyScript → dist/wasm/engine.wasm, and pins its SHA-256 in src/wasm/pin.ts.
// The same sources give the same bytes in any folder.
