/**
 * @file The part of the WebAssembly interface that is used here. TypeScript declares it only together with the browser's
 * whole DOM, which nothing here may touch.
 */
declare namespace WebAssembly {
  interface MemoryDescriptor {
    initial: number;
    maximum: number;
    shared?: true;
  }

  /** The buffer of a descriptor with `shared`; `Memory<ArrayBuffer>` for one without. */
  class Memory<Buffer extends ArrayBufferLike = SharedArrayBuffer> {
    constructor(descriptor: MemoryDescriptor);
    readonly buffer: Buffer;
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
