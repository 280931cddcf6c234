/**
 * @file Which build of the kernels runs best here: each that the runtime accepts is tested against plain JavaScript, then
 * timed, and the fastest taken of those that round alike.
 *
 * `wide` counts on V8 fusing neighbouring 128-bit operations into 256-bit ones, an experimental flag that is effective
 * from V8 13 on. Where it is not, that build is merely slower and loses the race. Nothing depends on a flag.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import v8 from 'node:v8';
import { packageRoot } from '../../base/package-root.ts';
import { kernelImports } from './far-memory.ts';
import type { KernelFunctions } from './handoff.ts';
import type { SharedMemory } from './shared-memory.ts';

export const variantNames = ['wide', 'relaxed', 'plain'] as const;
export type VariantName = (typeof variantNames)[number];

export interface Variant {
  readonly name: VariantName;
  readonly module: WebAssembly.Module;
  /** Floating-point operations per second and thread, in thousands of millions. */
  readonly gigaflops: number;
}

/** The fastest correct variant with fused multiply-add (plain only where there is none), or the one asked for. Throws when none is usable. */
export async function chooseVariant(shared: SharedMemory, wanted?: VariantName): Promise<Variant> {
  requestWideVectors();
  const usable: Variant[] = [];
  for (const name of wanted ? [wanted] : variantNames) {
    // Wide and relaxed kernels round alike, so timing may choose between them; plain ones differ in the last bits, and a
    // busy moment must not change a run's numbers.
    if (name === 'plain' && usable.length > 0) break;
    const variant = await tryVariant(name, shared);
    if (variant) usable.push(variant);
  }
  if (usable.length === 0)
    throw new Error(`no build of the kernels (${wanted ?? variantNames.join(', ')}) is usable here`);
  return usable.reduce((best, one) => (one.gigaflops > best.gigaflops ? one : best));
}

/** Electron freezes V8's flags, and setting one then ends the process; older versions have the flag without its effect. */
function requestWideVectors(): void {
  const major = Number(process.versions.v8.split('.')[0]);
  if (major >= 13 && process.arch === 'x64' && process.versions.electron === undefined) {
    v8.setFlagsFromString('--experimental-wasm-revectorize');
  }
}

async function tryVariant(name: VariantName, shared: SharedMemory): Promise<Variant | undefined> {
  const bytes = await readFile(join(packageRoot(), 'dist/kernels', `${name}.wasm`));
  if (!WebAssembly.validate(bytes)) return undefined;
  const module = await WebAssembly.compile(bytes);
  const { exports } = new WebAssembly.Instance(module, kernelImports(shared.memory, shared.far.buffer));
  const kernels = exports as KernelFunctions;
  if (!multipliesCorrectly(kernels, shared)) return undefined;
  return { name, module, gigaflops: measure(kernels, shared) };
}

/** A product with edges in every direction and two blocks of the inner dimension, against float64. */
function multipliesCorrectly(kernels: KernelFunctions, shared: SharedMemory): boolean {
  const [rows, columns, depth] = [23, 37, 300];
  const a = Float32Array.from({ length: rows * depth }, (_, i) => Math.sin(i));
  const b = Float32Array.from({ length: depth * columns }, (_, i) => Math.cos(i));
  return withProduct(kernels, shared, { rows, columns, depth }, (product) => {
    product.a.set(a);
    product.b.set(b);
    product.multiply();
    return product.c.every((value, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      let expected = 0;
      for (let k = 0; k < depth; k++) expected += a[row * depth + k] * b[k * columns + column];
      return Math.abs(value - expected) < 1e-4;
    });
  });
}

/** The best of a few milliseconds: the first calls still run unoptimised code. */
function measure(kernels: KernelFunctions, shared: SharedMemory): number {
  const size = 192;
  return withProduct(kernels, shared, { rows: size, columns: size, depth: size }, (product) => {
    product.a.fill(1);
    product.b.fill(1);
    let best = 0;
    const end = performance.now() + 25;
    for (let now = performance.now(); now < end;) {
      product.multiply();
      const after = performance.now();
      best = Math.max(best, (2 * size ** 3) / (after - now) / 1e6);
      now = after;
    }
    return best;
  });
}

interface Product {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly c: Float32Array;
  multiply(): void;
}

interface ProductSize {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

function withProduct<T>(
  kernels: KernelFunctions,
  shared: SharedMemory,
  { rows, columns, depth }: ProductSize,
  use: (product: Product) => T,
): T {
  const lengths = [rows * depth, depth * columns, rows * columns, kernels.multiplyScratch(columns, depth) / 4];
  const addresses = lengths.map((length) => shared.heap.allocate(length * 4));
  const [a, b, c] = [0, 1, 2].map((i) => shared.floats(addresses[i], lengths[i]));
  const [aAt, bAt, cAt, scratch] = addresses;
  const multiply = (): void => {
    // prettier-ignore
    kernels.gemmBatch(0, 1, scratch, 0, rows, columns, depth, depth, aAt, 0, depth, 1, bAt, 0, columns, 1, cAt);
  };
  try {
    return use({ a, b, c, multiply });
  } finally {
    for (const address of addresses) shared.heap.free(address);
  }
}
