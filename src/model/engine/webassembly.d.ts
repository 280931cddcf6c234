/**
 * @file The part of the WebAssembly interface that the engine uses. TypeScript declares it only together with the browser's
 * whole DOM, which nothing here may touch.
 */
declare namespace WebAssembly {
  interface MemoryDescriptor {
    initial: number;
    maximum: number;
    shared: true;
  }

  class Memory {
    constructor(descriptor: MemoryDescriptor);
    /** Shared, since the descriptors here ask for it. */
    readonly buffer: SharedArrayBuffer;
    /** Pages of 64 KiB. */
    grow(pages: number): number;
  }

  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }

  function validate(bytes: Uint8Array): boolean;
  function compile(bytes: Uint8Array): Promise<Module>;
}
