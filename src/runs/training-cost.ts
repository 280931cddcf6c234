/** @file What a run has cost up to one of its checkpoints: tokens that were sampled or learnt from, and seconds of its steps. */
import { openRunReader } from './reader.ts';

export interface TrainingCost {
  readonly tokens: number;
  readonly seconds: number;
}

/** Evaluations, checkpoints and pauses are not counted, nor steps that were taken back. */
export function trainingCost(runDir: string, checkpoint: string): TrainingCost {
  const reader = openRunReader(runDir);
  try {
    const last = reader.checkpoints().find(({ name }) => name === checkpoint)?.step ?? 0;
    const steps = reader
      .eventsAfter(0)
      .flatMap((event) => (event.kind === 'step' && !event.discarded && event.step <= last ? [event.metrics] : []));
    const sum = (value: (metrics: Readonly<Partial<Record<string, number>>>) => number): number =>
      steps.reduce((total, metrics) => total + value(metrics), 0);
    return {
      tokens: Math.round(sum((m) => (m['tokensPerSecond'] ?? 0) * (m['stepSeconds'] ?? 0) + (m['sampledTokens'] ?? 0))),
      seconds: sum((m) => (m['stepSeconds'] ?? 0) + (m['samplingSeconds'] ?? 0)),
    };
  } finally {
    reader.close();
  }
}
