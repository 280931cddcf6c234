/**
 * @file Document lengths in one byte, as Lucene stores them (its SmallFloat): exact up to 40 words, then four significant
 * bits. Two documents whose lengths share a byte get the same length normalisation, which decides ties and ranks.
 */

/** Lengths below this are stored as they are: 255 less the code of the largest 32-bit integer. */
const FREE_VALUES = 24;

/** The byte of a length: the largest whose decoded length is not above it. */
export function encodeLength(length: number): number {
  return length < FREE_VALUES ? length : FREE_VALUES + encodeFourBits(length - FREE_VALUES);
}

/** The length that a byte stands for. */
export function decodeLength(byte: number): number {
  return byte < FREE_VALUES ? byte : FREE_VALUES + decodeFourBits(byte - FREE_VALUES);
}

/** Leading one implied, three more bits, and the shift: a tiny floating-point number. Below 8 the value itself. */
function encodeFourBits(value: number): number {
  const bits = 32 - Math.clz32(value);
  if (bits < 4) return value;
  const shift = bits - 4;
  return ((value >>> shift) & 0x07) | ((shift + 1) << 3);
}

function decodeFourBits(code: number): number {
  const shift = (code >>> 3) - 1;
  const bits = code & 0x07;
  return shift === -1 ? bits : (bits | 0x08) * 2 ** shift;
}
