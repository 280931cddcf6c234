/** @file Orders that other programs share, and search by an order. */

/**
 * Compares two strings by code point, which is also the order of their UTF-8 bytes. JavaScript's own `<` compares UTF-16
 * units and puts U+1F600 before U+FF01.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Moves surrogates, which stand for code points above U+FFFF, behind the rest of the plane. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x0800;
}

/** The place in [start, end) at which `order` is 0, where it rises; nothing when there is none. */
export function binarySearch(start: number, end: number, order: (at: number) => number): number | undefined {
  let [low, high] = [start, end];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const side = order(middle);
    if (side === 0) return middle;
    if (side < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}
