/**
 * @file Compiles the kernels with AssemblyScript, once per variant, into dist/kernels. Part of `npm run build`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tileSource, type TileShape } from './tile-source.ts';

interface Variant {
  readonly name: string;
  readonly tile: TileShape;
  readonly features: string;
}

/** Without fused multiply-add a product needs a register of its own, hence the smaller plain tile. */
const variants: readonly Variant[] = [
  { name: 'plain', tile: { rows: 5, vectors: 2, testsAtEnd: false }, features: 'simd,threads' },
  { name: 'relaxed', tile: { rows: 6, vectors: 2, testsAtEnd: false }, features: 'simd,threads,relaxed-simd' },
  { name: 'wide', tile: { rows: 6, vectors: 4, testsAtEnd: true }, features: 'simd,threads,relaxed-simd' },
];

const sources = join(import.meta.dirname, 'kernels');

/** Writes `<variant>.wasm` for every variant into a folder. Throws with the compiler's messages when one does not compile. */
export async function buildKernels(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const variant of variants) await writeFile(join(folder, `${variant.name}.wasm`), await compile(variant));
}

/** The part of the compiler's interface used here: its own types would redeclare the globals of the whole project. */
interface Compiler {
  main(
    args: readonly string[],
    host: {
      readFile(name: string): string | null | Promise<string | null>;
      writeFile(name: string, contents: Uint8Array | string): void;
      listFiles(): string[];
    },
  ): Promise<{ error: Error | null; stderr: { toString(): string } }>;
}

const compilerModule: string = 'assemblyscript/asc';

async function compile(variant: Variant): Promise<Uint8Array> {
  const { default: asc } = (await import(compilerModule)) as { default: Compiler };
  let wasm: Uint8Array | undefined;
  const flags = ['--runtime', 'stub', '--noAssert', '-O3', '--enable', variant.features];
  const memory = [
    '--importMemory',
    '--noExportMemory',
    '--sharedMemory',
    '--initialMemory',
    '1',
    '--maximumMemory',
    '65536',
  ];
  const { error, stderr } = await asc.main(['index.ts', '--outFile', 'kernels.wasm', ...flags, ...memory], {
    readFile: (name) => (name === 'tile.ts' ? tileSource(variant.tile) : readSource(name)),
    writeFile: (_name, contents) => {
      if (typeof contents !== 'string') wasm = contents;
    },
    listFiles: () => [],
  });
  if (error || !wasm)
    throw new Error(`kernels/${variant.name} does not compile:\n${stderr.toString()}`, { cause: error });
  return wasm;
}

/** The compiler probes names (folders' index files, its own configuration); null says that there is no such file. */
async function readSource(name: string): Promise<string | null> {
  try {
    return await readFile(join(sources, name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
