/** @file Counts by name, for saying what was left out and why. */
export class Tally {
  readonly #counts = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(name: string): void {
    this.#total++;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  names(): string[] {
    return [...this.#counts.keys()];
  }

  /** `es 12, jp 7`, the largest first. */
  list(): string {
    const sorted = [...this.#counts].sort(([, a], [, b]) => b - a);
    return sorted.map(([name, count]) => `${name} ${count}`).join(', ');
  }
}
