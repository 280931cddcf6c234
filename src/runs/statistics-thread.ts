/** @file The thread that computes the statistics of one comparison, told as its `workerData`, and ends with them. */
import { parentPort, workerData } from 'node:worker_threads';
import { type PairedValues, pairedStatisticsOfMetrics } from './statistics.ts';

export interface StatisticsQuestion {
  readonly metrics: readonly PairedValues[];
  readonly minimumEffect: number;
}

if (!parentPort) throw new Error('this module runs as a thread');
const { metrics, minimumEffect } = workerData as StatisticsQuestion;
parentPort.postMessage(pairedStatisticsOfMetrics(metrics, minimumEffect));
