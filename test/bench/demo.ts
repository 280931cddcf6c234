/**
 * @file The main job as a newcomer runs it: how long it takes and what comes of it, for three seeds, each in a process of
 * its own; and what the editor has to load before it.
 *
 * `npm run bench`, with nothing else running: times on a busy machine say little.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.ts';
import { recR1Json } from '../fixtures/command-line.ts';

const SEEDS = [1, 2, 3];

interface Difference {
  readonly meanA: number;
  readonly meanB: number;
  readonly difference: number;
  readonly pValue: number;
}
interface Report {
  readonly raw: Difference;
  readonly start: Difference;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const folder = mkdtempSync(join(tmpdir(), 'rec-r1-bench-'));
try {
  console.log('demo: training on the sample, then 200 test queries (NDCG@10)');
  console.log('seed   minutes   s/step   tokens/s     raw   before   after   gain      p');
  for (const seed of SEEDS) {
    const started = performance.now();
    const run = join(folder, `seed-${seed}`);
    const lines = await recR1Json('train', '--task', 'sample', '--report', '--seed', String(seed), '--run', run);
    const minutes = (performance.now() - started) / 60_000;
    const steps = lines.filter((line): line is Record<string, number> => Object.hasOwn(line as object, 'stepSeconds'));
    const report = lines.find((line) => Object.hasOwn(line as object, 'raw')) as Report;
    const row = [
      String(seed).padStart(4),
      minutes.toFixed(2).padStart(9),
      median(steps.map(({ stepSeconds }) => stepSeconds))
        .toFixed(2)
        .padStart(8),
      median(steps.map(({ tokensPerSecond }) => tokensPerSecond))
        .toFixed(0)
        .padStart(10),
      report.raw.meanA.toFixed(3).padStart(7),
      report.start.meanA.toFixed(3).padStart(8),
      report.raw.meanB.toFixed(3).padStart(7),
      report.raw.difference.toFixed(3).padStart(6),
      report.raw.pValue.toFixed(4).padStart(6),
    ];
    console.log(row.join(' '));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const kilobytes = (file: string): string => `${(statSync(join(packageRoot(), file)).size / 1000).toFixed(0)} kB`;
console.log(`\nextension host bundle: ${kilobytes('dist/extension.cjs')}; panel: ${kilobytes('dist/webview.js')}`);
