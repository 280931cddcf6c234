/** @file A Uint32Array of unknown length: four bytes a value, where an array of numbers costs eight and more. */
export class GrowingUint32Array {
  #values = new Uint32Array(1024);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Uint32Array(this.#length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  get length(): number {
    return this.#length;
  }

  /** What was pushed so far, without a copy. */
  view(): Uint32Array {
    return this.#values.subarray(0, this.#length);
  }
}
