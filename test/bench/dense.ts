/**
 * @file `npm run bench:dense`: exact dense search over random vectors, and where it is installed NumPy's `vectors @ query` on
 * one and two threads over as many, in one run on one machine. One query at a time is bound by memory, a batch by arithmetic.
 * Times are of one processor, so that a busy machine changes little; NumPy's on two threads are by the clock on the wall.
 *
 *     npm run bench:dense -- [--numpy PYTHON] [--million] [--seconds 2]
 *
 * --million adds a million vectors, 1.5 GB.
 *
 * On two busy cores of a Xeon with AVX-512, in GFLOP/s, one query and 64 at a time: over 24,576 vectors float32 8 and 30, int8
 * 19 and 43, NumPy on one thread 14 and 101; over a million float32 4 and 33, int8 10 and 49, NumPy 7 and 88. NumPy multiplies
 * 16 numbers at a time where WebAssembly has 4. The encoder takes longer than either: milliseconds for each new query.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { rngFrom } from '../../src/base/rng.ts';
import { readVectorFile, writeVectorFile } from '../../src/retrieval/dense/vector-file.ts';
import { VECTOR_KINDS, type VectorKind } from '../../src/retrieval/dense/quantize.ts';
import type { VectorMemory } from '../../src/retrieval/dense/vector-memory.ts';

const { values } = parseArgs({
  options: { numpy: { type: 'string' }, million: { type: 'boolean' }, seconds: { type: 'string', default: '2' } },
});
const seconds = Number(values.seconds);
const DIMENSIONS = 384;
const BATCHES = [1, 64];
const LIMIT = 100;

/** Values in [-1, 1) without the cost of a good generator: a table that is read from another place for every vector. */
const TABLE = (() => {
  const rng = rngFrom(1, 'values');
  return Float32Array.from({ length: 1 << 20 }, () => 2 * rng.next() - 1);
})();

function vector(number: number): Float32Array {
  const from = (number * 7919) % (TABLE.length - DIMENSIONS);
  return TABLE.subarray(from, from + DIMENSIONS);
}

// eslint-disable-next-line @typescript-eslint/require-await -- a source of vectors, which the writer awaits
async function* vectors(count: number): AsyncGenerator<Float32Array> {
  for (let i = 0; i < count; i++) yield vector(i);
}

/** Seconds of processor time: other programs on a busy machine change it little. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Queries per second of one processor, after a warm-up. */
async function rate(memory: VectorMemory, batch: number): Promise<number> {
  const queries = Array.from({ length: batch }, (_, i) => vector(i * 31 + 5));
  for (let i = 0; i < 5; i++) await memory.search(queries, LIMIT);
  const start = processorSeconds();
  let count = 0;
  do {
    await memory.search(queries, LIMIT);
    count += batch;
  } while (processorSeconds() - start < seconds);
  return count / (processorSeconds() - start);
}

const NUMPY = `
import sys, time, numpy
clock = time.process_time if sys.argv[4] == "1" else time.perf_counter
count, dimensions, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
vectors = numpy.random.default_rng(1).random((count, dimensions), dtype=numpy.float32)
for batch in map(int, sys.argv[5:]):
    queries = numpy.random.default_rng(2).random((dimensions, batch), dtype=numpy.float32).squeeze()
    vectors @ queries
    start, done = clock(), 0
    while clock() - start < seconds:
        vectors @ queries
        done += batch
    print(done / (clock() - start))
`;

/** Queries per second of each batch: products alone, without picking the best. On two threads by the clock on the wall. */
function numpyRates(count: number, threads: number): readonly (number | undefined)[] {
  if (values.numpy === undefined) return BATCHES.map(() => undefined);
  const env = { ...process.env, OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: String(threads) };
  const args = ['-c', NUMPY, ...[count, DIMENSIONS, seconds, threads, ...BATCHES].map(String)];
  return execFileSync(values.numpy, args, { encoding: 'utf8', env }).trim().split('\n').map(Number);
}

function print(name: string, count: number, rates: readonly (number | undefined)[]): void {
  const cells = rates.map((perSecond) => {
    if (perSecond === undefined) return 'not run'.padStart(32);
    const gigaflops = (perSecond * count * DIMENSIONS * 2) / 1e9;
    return `${perSecond.toFixed(1)} queries/s (${gigaflops.toFixed(1)} GFLOP/s)`.padStart(36);
  });
  console.log(`${name.padEnd(20)}${cells.join('')}`);
}

async function benchKind(count: number, kind: VectorKind, file: string): Promise<void> {
  const ids = Array.from({ length: count }, (_, i) => String(i).padStart(8, '0'));
  const writing = performance.now();
  await writeVectorFile(file, { kind, dimensions: DIMENSIONS, ids, vectors: vectors(count), origin: null });
  const reading = performance.now();
  const { memory } = await readVectorFile(file);
  const read = performance.now();
  print(kind, count, [await rate(memory, BATCHES[0]), await rate(memory, BATCHES[1])]);
  console.log(
    `  file ${(statSync(file).size / 1e6).toFixed(0)} MB, written in ${((reading - writing) / 1000).toFixed(1)} s, ` +
      `read in ${((read - reading) / 1000).toFixed(1)} s`,
  );
}

const scratch = mkdtempSync(join(tmpdir(), 'rec-r1-bench-'));
try {
  console.log(
    `Products of ${DIMENSIONS}, one query at a time and ${BATCHES[1]} at a time; ours with the best ${LIMIT}`,
  );
  for (const count of [24_576, ...(values.million ? [1_000_000] : [])]) {
    console.log(`\n${count} vectors`);
    for (const kind of VECTOR_KINDS) await benchKind(count, kind, join(scratch, 'vectors'));
    for (const threads of [1, 2])
      print(`NumPy, ${threads === 1 ? '1 thread' : '2 threads'}`, count, numpyRates(count, threads));
  }
  console.log(`\npeak memory ${(process.resourceUsage().maxRSS / 1e6).toFixed(1)} GB`);
} finally {
  rmSync(scratch, { recursive: true });
}
