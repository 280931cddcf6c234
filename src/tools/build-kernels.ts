/**
 * @file Compiles what is written in AssemblyScript into dist/kernels: the tensor engine's kernels once per variant, and the
 * inner products of dense retrieval. Part of `npm run build`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tileSource, type TileShape } from '../model/engine/tile-source.ts';

/** Without fused multiply-add a product needs a register of its own, hence the smaller plain tile. */
const ENGINE_VARIANTS: readonly { readonly name: string; readonly tile: TileShape; readonly features: string }[] = [
  { name: 'plain', tile: { rows: 5, vectors: 2, testsAtEnd: false }, features: 'simd,threads' },
  { name: 'relaxed', tile: { rows: 6, vectors: 2, testsAtEnd: false }, features: 'simd,threads,relaxed-simd' },
  { name: 'wide', tile: { rows: 6, vectors: 4, testsAtEnd: true }, features: 'simd,threads,relaxed-simd' },
];
const SHARED_MEMORY = ['--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'];

const source = join(import.meta.dirname, '..');

/** Writes `<variant>.wasm` for every variant into a folder. Throws with the compiler's messages when one does not compile. */
export async function buildKernels(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, tile, features } of ENGINE_VARIANTS) {
    const read = (file: string): string | Promise<string | null> =>
      file === 'tile.ts' ? tileSource(tile) : readSource('model/engine/kernels', file);
    await writeFile(join(folder, `${name}.wasm`), await compile(name, 'index.ts', read, features, SHARED_MEMORY));
  }
  // No variants: fused multiply-add makes these 12 % faster, which is not worth scores that depend on the machine.
  const readDot = (file: string): Promise<string | null> => readSource('retrieval/dense/kernels', file);
  await writeFile(join(folder, 'dot.wasm'), await compile('dot', 'dot.ts', readDot, 'simd', []));
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

async function compile(
  name: string,
  entry: string,
  readFile: (file: string) => string | null | Promise<string | null>,
  features: string,
  memory: readonly string[],
): Promise<Uint8Array> {
  const { default: asc } = (await import(compilerModule)) as { default: Compiler };
  let wasm: Uint8Array | undefined;
  const flags = ['--runtime', 'stub', '--noAssert', '-O3', '--enable', features];
  const imports = ['--importMemory', '--noExportMemory', ...memory];
  const { error, stderr } = await asc.main([entry, '--outFile', 'kernels.wasm', ...flags, ...imports], {
    readFile,
    writeFile: (_name, contents) => {
      if (typeof contents !== 'string') wasm = contents;
    },
    listFiles: () => [],
  });
  if (error || !wasm) throw new Error(`kernels/${name} does not compile:\n${stderr.toString()}`, { cause: error });
  return wasm;
}

/** The compiler probes names (folders' index files, its own configuration); null says that there is no such file. */
async function readSource(folder: string, name: string): Promise<string | null> {
  try {
    return await readFile(join(source, folder, name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
