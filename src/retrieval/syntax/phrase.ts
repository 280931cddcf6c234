/**
 * @file How often a phrase occurs in a document, exactly or with words out of place, as Lucene counts it.
 */

/** One word of a phrase in one document. */
export interface PhraseWord {
  /** Equal for equal words. */
  readonly term: number;
  /** Its place in the phrase. */
  readonly offset: number;
  /** Where the document has it, rising. */
  readonly positions: Uint32Array;
}

/** Occurrences of the words at exactly their distances. */
export function exactFrequency([first, ...others]: readonly PhraseWord[]): number {
  const at = new Uint32Array(others.length);
  let frequency = 0;
  for (const position of first.positions) {
    const complete = others.every(({ offset, positions }, i) => {
      const wanted = position - first.offset + offset;
      while (positions[at[i]] < wanted) at[i]++;
      return positions[at[i]] === wanted;
    });
    if (complete) frequency++;
  }
  return frequency;
}

/** A word of the phrase while a document is searched for it. */
interface Walker {
  readonly word: PhraseWord;
  /** All of the same term, itself included. */
  readonly repeats: readonly Walker[];
  /** Its place among its repeats. */
  readonly repeat: number;
  /** Which of its positions it stands on. */
  at: number;
  /** That position, less its offset: equal for all words where the phrase stands exactly. */
  start: number;
}

/**
 * Matches that need at most `slop` moves, each weighing 1 / (1 + moves); float32.
 *
 * Which matches are seen depends on the order in which the words advance (always the one that is furthest behind), and with
 * repeated words on how two that meet on one position are parted. Both are Lucene's, which does not see all of them either.
 */
export function sloppyFrequency(words: readonly PhraseWord[], slop: number): number {
  const search = new SloppySearch(words);
  let frequency = 0;
  for (let moves = search.next(slop); moves !== undefined; moves = search.next(slop)) {
    frequency = Math.fround(frequency + Math.fround(1 / (1 + moves)));
  }
  return frequency;
}

class SloppySearch {
  readonly #queue: WalkerQueue;
  /** The largest start. */
  #end = -Infinity;
  #exhausted: boolean;

  constructor(words: readonly PhraseWord[]) {
    const walkers = walkersOf(words);
    // A repeat begins one position further for each before it.
    this.#exhausted = !walkers.every((walker) => skip(walker, walker.repeat));
    this.#queue = new WalkerQueue(walkers.length);
    for (const walker of walkers) {
      this.#end = Math.max(this.#end, walker.start);
      this.#queue.add(walker);
    }
  }

  /** The moves that the next match needs; undefined when there is none. */
  next(slop: number): number | undefined {
    if (this.#exhausted) return undefined;
    let walker = this.#queue.pop();
    let second = this.#queue.top.start;
    let moves = this.#end - walker.start;
    while (this.#advance(walker) && this.#part(walker)) {
      if (walker.start <= second) {
        moves = Math.min(moves, this.#end - walker.start);
        continue;
      }
      this.#queue.add(walker);
      if (moves <= slop) return moves;
      walker = this.#queue.pop();
      second = this.#queue.top.start;
      moves = this.#end - walker.start;
    }
    this.#exhausted = true;
    return moves <= slop ? moves : undefined;
  }

  #advance(walker: Walker): boolean {
    if (!skip(walker, 1)) return false;
    this.#end = Math.max(this.#end, walker.start);
    return true;
  }

  /** Moves repeats of a word apart that stand on one position: the one behind goes on. */
  #part(advanced: Walker): boolean {
    if (advanced.repeats.length === 1) return true;
    const moved = new Set<number>();
    let walker = advanced;
    for (let other = collision(walker); other; other = collision(walker)) {
      walker = isBehind(walker, other) ? walker : other;
      if (!this.#advance(walker)) return false;
      if (other.repeat !== advanced.repeat) moved.add(other.repeat);
    }
    this.#queue.restore(moved);
    return true;
  }
}

function walkersOf(words: readonly PhraseWord[]): Walker[] {
  const byTerm = new Map<number, Walker[]>();
  return words.map((word): Walker => {
    const repeats = byTerm.get(word.term) ?? [];
    const start = word.positions[0] - word.offset;
    const walker = { word, repeats, repeat: repeats.length, at: 0, start };
    repeats.push(walker);
    byTerm.set(word.term, repeats);
    return walker;
  });
}

/** Goes on by so many positions; false when there are not so many. */
function skip(walker: Walker, count: number): boolean {
  const { positions, offset } = walker.word;
  if (walker.at + count >= positions.length) return false;
  walker.at += count;
  walker.start = positions[walker.at] - offset;
  return true;
}

function collision(walker: Walker): Walker | undefined {
  const position = walker.start + walker.word.offset;
  return walker.repeats.find((other) => other !== walker && other.start + other.word.offset === position);
}

function isBehind(a: Walker, b: Walker): boolean {
  return a.start < b.start || (a.start === b.start && a.word.offset < b.word.offset);
}

/**
 * The walker that is furthest behind comes first. A binary heap with Lucene's steps: walkers move while they are in it, so what
 * comes out until they are put back depends on how it is built.
 */
class WalkerQueue {
  /** From 1; the children of i are 2i and 2i + 1. */
  readonly #heap: Walker[];
  #size = 0;

  constructor(capacity: number) {
    this.#heap = new Array<Walker>(capacity + 1);
  }

  get top(): Walker {
    return this.#heap[1];
  }

  add(walker: Walker): void {
    let at = ++this.#size;
    for (let parent = at >>> 1; parent > 0 && isBehind(walker, this.#heap[parent]); parent >>>= 1) {
      this.#heap[at] = this.#heap[parent];
      at = parent;
    }
    this.#heap[at] = walker;
  }

  pop(): Walker {
    const top = this.#heap[1];
    const walker = this.#heap[this.#size--];
    let at = 1;
    for (let child = this.#firstChild(at); child <= this.#size; child = this.#firstChild(at)) {
      if (!isBehind(this.#heap[child], walker)) break;
      this.#heap[at] = this.#heap[child];
      at = child;
    }
    this.#heap[at] = walker;
    return top;
  }

  /** Takes walkers out until it has seen the repeats that moved, and puts them back where they belong now. */
  restore(moved: Set<number>): void {
    const taken: Walker[] = [];
    while (moved.size > 0 && this.#size > 0) {
      const walker = this.pop();
      taken.push(walker);
      if (walker.repeats.length > 1) moved.delete(walker.repeat);
    }
    for (const walker of taken.reverse()) this.add(walker);
  }

  #firstChild(at: number): number {
    const left = at * 2;
    const hasRight = left < this.#size;
    return hasRight && isBehind(this.#heap[left + 1], this.#heap[left]) ? left + 1 : left;
  }
}
