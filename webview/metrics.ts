/** @file What the metrics of a step are called on screen. One that is not in the table is shown under its own name. */
import { t } from './l10n.ts';
import { decimal } from './numbers.ts';
import type { StepMetrics } from './protocol.ts';

export interface MetricLabel {
  readonly title: string;
  readonly digits: number;
}

const LABELS: Readonly<Record<keyof StepMetrics, MetricLabel>> = {
  reward: { title: t('Reward'), digits: 3 },
  rewardStd: { title: t('Deviation of rewards'), digits: 3 },
  ndcg: { title: 'NDCG', digits: 3 },
  kl: { title: t('KL to the start policy'), digits: 4 },
  entropy: { title: t('Entropy'), digits: 3 },
  loss: { title: t('Loss'), digits: 4 },
  gradNorm: { title: t('Gradient norm'), digits: 3 },
  clipFraction: { title: t('Clipped ratios'), digits: 3 },
  correction: { title: t('Sampling correction'), digits: 3 },
  length: { title: t('Length in tokens'), digits: 1 },
  truncated: { title: t('Cut by the limit'), digits: 3 },
  promptsCut: { title: t('Prompts cut short'), digits: 3 },
  formatOk: { title: t('Right format'), digits: 2 },
  zeroVariance: { title: t('Groups without a signal'), digits: 2 },
  allRight: { title: t('Groups all right'), digits: 2 },
  allMissed: { title: t('Groups all missed'), digits: 2 },
  allMalformed: { title: t('Groups all malformed'), digits: 2 },
  allEqual: { title: t('Groups all equal'), digits: 2 },
  retrievalErrors: { title: t('Failed searches'), digits: 0 },
  skippedUpdates: { title: t('Updates left out'), digits: 0 },
  copiedTitles: { title: t('Titles copied'), digits: 3 },
  repeatedWords: { title: t('Words repeated'), digits: 3 },
  words: { title: t('Words per rewrite'), digits: 1 },
  sharedRewrites: { title: t('Rewrites shared by queries'), digits: 3 },
  lengthReward: { title: t('Correlation of words and reward'), digits: 3 },
  learningRate: { title: t('Learning rate'), digits: 6 },
  tokensPerSecond: { title: t('Tokens per second'), digits: 0 },
  stepSeconds: { title: t('Seconds per step'), digits: 2 },
  sampleSeconds: { title: t('Seconds of sampling'), digits: 2 },
  searchSeconds: { title: t('Seconds of searching'), digits: 2 },
  referenceSeconds: { title: t('Seconds of the start policy'), digits: 2 },
  updateSeconds: { title: t('Seconds of the update'), digits: 2 },
  memoryBytes: { title: t('Memory in MB'), digits: 0 },
};

export function metricLabel(name: string): MetricLabel {
  return Object.hasOwn(LABELS, name) ? LABELS[name as keyof StepMetrics] : { title: name, digits: 3 };
}

/** A metric in the unit of its label. */
export function inUnit(name: string, value: number): number {
  return name === 'memoryBytes' ? value / 1e6 : value;
}

export function metricText(name: string, value: number | null | undefined): string {
  return decimal(value, metricLabel(name).digits);
}
