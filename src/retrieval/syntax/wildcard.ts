/** @file Words with `*` (any characters) and `?` (one), matched without backtracking over more than the last `*`. */

interface Part {
  readonly kind: 'any' | 'one' | 'char';
  readonly char?: string;
}

/** Whether a whole word fits a pattern; a backslash makes the next character plain. */
export function wildcardMatcher(pattern: string): (word: string) => boolean {
  const parts = partsOf(pattern);
  return (word) => matches(parts, Array.from(word));
}

function partsOf(pattern: string): Part[] {
  const parts: Part[] = [];
  const chars = Array.from(pattern);
  for (let i = 0; i < chars.length; i++) {
    if (chars[i] === '\\' && i + 1 < chars.length) parts.push({ kind: 'char', char: chars[++i] });
    else if (chars[i] === '*') parts.push({ kind: 'any' });
    else parts.push(chars[i] === '?' ? { kind: 'one' } : { kind: 'char', char: chars[i] });
  }
  return parts;
}

function matches(parts: readonly Part[], chars: readonly string[]): boolean {
  let [part, at] = [0, 0];
  /** The last `*`, and where what follows it was tried. */
  let [star, tried] = [-1, 0];
  while (at < chars.length) {
    const wanted = parts.at(part);
    if (wanted?.kind === 'any') [star, tried] = [part++, at];
    else if (wanted && (wanted.kind === 'one' || wanted.char === chars[at])) [part, at] = [part + 1, at + 1];
    else if (star >= 0) [part, at] = [star + 1, ++tried];
    else return false;
  }
  return parts.slice(part).every(({ kind }) => kind === 'any');
}
