/** @file How long the parts of a training step take, so that a run can say where its time goes. */

export type StepPart = 'sample' | 'search' | 'reference' | 'update';

export class StepClock {
  readonly #now: () => number;
  readonly #millis: Record<StepPart, number> = { sample: 0, search: 0, reference: 0, update: 0 };

  /** @param now monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Does some work and counts its time to a part of the step. */
  async time<T>(part: StepPart, work: () => Promise<T>): Promise<T> {
    const started = this.#now();
    try {
      return await work();
    } finally {
      this.#millis[part] += this.#now() - started;
    }
  }

  seconds(part: StepPart): number {
    return this.#millis[part] / 1000;
  }
}
