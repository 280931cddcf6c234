/** @file Where the time of a piece of work goes: how long each kernel of the engine took, and how much was outside of them. */
import type { EmbeddedBackend } from '../../../src/model/engine/embedded-backend.ts';

/** Rows of the table; the rest is summed up. */
const SHOWN = 12;

/** Kernels whose arguments tell the sizes of a product. */
const products = new Set(['gemm', 'gemmFewRows', 'gemmBatch', 'gemmStored']);

interface Spent {
  seconds: number;
  calls: number;
  operations: number;
}

/** Does the work twice and prints a table of the second time, longest first. */
export async function profiled(backend: EmbeddedBackend, work: () => Promise<unknown>): Promise<void> {
  await work();
  const kernels = new Map<string, Spent>();
  const { pool } = backend;
  const run = pool.run.bind(pool);
  pool.run = (kernel, total, grain, args): void => {
    const began = performance.now();
    run(kernel, total, grain, args);
    pool.settle();
    const [, , m, n, steps, depth] = args;
    const k = kernel === 'gemmBatch' ? depth : steps;
    const isProduct = products.has(kernel);
    const name = isProduct ? `${kernel} ${m}×${k}×${n}` : kernel;
    const spent = kernels.get(name) ?? { seconds: 0, calls: 0, operations: 0 };
    spent.seconds += (performance.now() - began) / 1000;
    spent.calls++;
    if (isProduct) spent.operations += 2 * m * n * k;
    kernels.set(name, spent);
  };
  const start = performance.now();
  await work();
  const whole = (performance.now() - start) / 1000;
  const rows = [...kernels].sort(([, a], [, b]) => b.seconds - a.seconds);
  const inside = rows.reduce((sum, [, spent]) => sum + spent.seconds, 0);
  for (const [name, spent] of rows.slice(0, SHOWN)) {
    const rate = spent.operations > 0 ? `${(spent.operations / spent.seconds / 1e9).toFixed(0)} GFLOP/s` : '';
    console.log(
      `    ${name.padEnd(30)}${share(spent.seconds, whole)}  ${String(spent.calls).padStart(5)} calls  ${rate}`,
    );
  }
  const rest = rows.slice(SHOWN).reduce((sum, [, spent]) => sum + spent.seconds, 0);
  console.log(`    ${'other kernels'.padEnd(30)}${share(rest, whole)}`);
  console.log(`    ${'outside of kernels'.padEnd(30)}${share(whole - inside, whole)}`);
}

function share(seconds: number, whole: number): string {
  return `${((100 * seconds) / whole).toFixed(1).padStart(5)} %`;
}
