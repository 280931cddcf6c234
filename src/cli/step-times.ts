/** @file Where the time of a training went, in one line. */
import type { StepMetrics } from '../runs/events.ts';

const PARTS = {
  sampleSeconds: 'sampling',
  searchSeconds: 'searching',
  referenceSeconds: 'start policy',
  updateSeconds: 'update',
} as const satisfies Partial<Record<keyof StepMetrics, string>>;

type Part = keyof typeof PARTS;

export class StepTimes {
  #steps = 0;
  #seconds = 0;
  #tokens = 0;
  readonly #parts: Record<Part, number> = { sampleSeconds: 0, searchSeconds: 0, referenceSeconds: 0, updateSeconds: 0 };

  add(metrics: StepMetrics): void {
    this.#steps++;
    this.#seconds += metrics.stepSeconds;
    this.#tokens += metrics.tokensPerSecond * metrics.stepSeconds;
    for (const name of Object.keys(PARTS) as Part[]) this.#parts[name] += metrics[name];
  }

  /** Means over the steps; undefined before the first. */
  line(): string | undefined {
    if (this.#steps === 0) return undefined;
    const mean = (total: number): string => seconds(total / this.#steps);
    const parts = Object.entries(PARTS).map(([name, word]) => `${word} ${mean(this.#parts[name as Part])}`);
    const rate = Math.round(this.#tokens / this.#seconds);
    return `A step took ${mean(this.#seconds)}: ${parts.join(', ')}; ${rate} sampled tokens/s.`;
  }
}

function seconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} s`;
}
