/** @file What the metrics of a step are called on screen. One that is not in the table is shown under its own name. */
import { decimal } from './numbers.ts';

export interface MetricLabel {
  readonly title: string;
  readonly digits: number;
}

const LABELS: Readonly<Record<string, MetricLabel>> = {
  reward: { title: 'Reward', digits: 3 },
  rewardStd: { title: 'Deviation of rewards', digits: 3 },
  ndcg: { title: 'NDCG', digits: 3 },
  kl: { title: 'KL to the start policy', digits: 4 },
  entropy: { title: 'Entropy', digits: 3 },
  loss: { title: 'Loss', digits: 4 },
  gradNorm: { title: 'Gradient norm', digits: 3 },
  clipFraction: { title: 'Clipped ratios', digits: 3 },
  correction: { title: 'Sampling correction', digits: 3 },
  length: { title: 'Length in tokens', digits: 1 },
  truncated: { title: 'Cut by the limit', digits: 3 },
  formatOk: { title: 'Right format', digits: 2 },
  zeroVariance: { title: 'Groups without a signal', digits: 2 },
  allRight: { title: 'Groups all right', digits: 2 },
  allMissed: { title: 'Groups all missed', digits: 2 },
  allMalformed: { title: 'Groups all malformed', digits: 2 },
  allEqual: { title: 'Groups all equal', digits: 2 },
  retrievalErrors: { title: 'Failed searches', digits: 0 },
  learningRate: { title: 'Learning rate', digits: 6 },
  tokensPerSecond: { title: 'Tokens per second', digits: 0 },
  stepSeconds: { title: 'Seconds per step', digits: 2 },
  memoryBytes: { title: 'Memory in MB', digits: 0 },
};

export function metricLabel(name: string): MetricLabel {
  return Object.hasOwn(LABELS, name) ? LABELS[name] : { title: name, digits: 3 };
}

/** A metric in the unit of its label. */
export function inUnit(name: string, value: number): number {
  return name === 'memoryBytes' ? value / 1e6 : value;
}

export function metricText(name: string, value: number | null | undefined): string {
  return decimal(value, metricLabel(name).digits);
}
