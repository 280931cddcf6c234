/**
 * @file Statistics of a comparison in a thread of their own: thousands of queries are drawn thousands of times, and the editor's
 * other extensions would wait for that.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { StatisticsOf } from '../runs/comparison.ts';
import type { PairedStatistics } from '../runs/statistics.ts';
import type { StatisticsQuestion } from '../runs/statistics-thread.ts';

export function statisticsInThread(extensionPath: string): StatisticsOf {
  return (metrics, minimumEffect) =>
    new Promise((resolve, reject) => {
      const workerData: StatisticsQuestion = { metrics, minimumEffect };
      const thread = new Worker(join(extensionPath, 'dist', 'statistics-thread.mjs'), { workerData, execArgv: [] });
      thread.once('message', (statistics: readonly PairedStatistics[]) => {
        resolve(statistics);
      });
      thread.once('error', reject);
      thread.once('exit', (code) => {
        reject(new Error(`The thread of the statistics ended with exit code ${code}.`)); // late when it has answered
      });
    });
}
