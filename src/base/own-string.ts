/** @file Strings that keep nothing but themselves. */

/** A copy. V8's slices keep the whole text that they were cut from: an id may keep its row, a million ids a whole file. */
export function ownString(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
