/** @file Whole numbers in as few bytes as they need: seven bits a byte, the high bit says that more follow. */

export class VarintWriter {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  /** Writes a whole number from 0 to 2^53 - 1. */
  write(value: number): void {
    if (this.#length + 8 > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** What was written so far, without a copy. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

export class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next number; 0 beyond the end. */
  read(): number {
    let byte = this.#bytes[this.#at++] ?? 0;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let scale = 0x80; byte >= 0x80; scale *= 0x80) {
      byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * scale;
    }
    return value;
  }

  /** Passes over so many numbers. */
  skip(count: number): void {
    for (let left = count; left > 0 && this.#at < this.#bytes.length; this.#at++) {
      if (this.#bytes[this.#at] < 0x80) left--;
    }
  }
}
