/**
 * @file Regular expressions over a small alphabet of character classes, as a table-driven automaton.
 *
 * JavaScript's own expressions take the first alternative that fits; word breaking needs the longest. A table also costs
 * one lookup per character however many rules there are. Nothing here knows about Unicode.
 */

/** A pattern adds its states to a builder between `from` and the state that it returns. */
export type Pattern = (nfa: Nfa, from: number) => number;

interface Nfa {
  /** Per state: [symbols it accepts, next state]. A state without symbols consumes nothing. */
  readonly edges: { readonly symbols: ReadonlySet<number> | undefined; readonly to: number }[][];
}

function addState(nfa: Nfa): number {
  return nfa.edges.push([]) - 1;
}

function addEdge(nfa: Nfa, from: number, to: number, symbols?: ReadonlySet<number>): void {
  nfa.edges[from].push({ symbols, to });
}

/** One symbol out of a set. */
export function oneOf(symbols: Iterable<number>): Pattern {
  const set = new Set(symbols);
  return (nfa, from) => {
    const to = addState(nfa);
    addEdge(nfa, from, to, set);
    return to;
  };
}

/** All patterns, one after the other. */
export function sequence(...patterns: readonly Pattern[]): Pattern {
  return (nfa, from) => patterns.reduce((state, pattern) => pattern(nfa, state), from);
}

/** Any one of the patterns. */
export function either(...patterns: readonly Pattern[]): Pattern {
  return (nfa, from) => {
    const end = addState(nfa);
    for (const pattern of patterns) {
      const start = addState(nfa);
      addEdge(nfa, from, start);
      addEdge(nfa, pattern(nfa, start), end);
    }
    return end;
  };
}

/** The pattern any number of times, also not at all. */
export function many(pattern: Pattern): Pattern {
  return (nfa, from) => {
    const loop = addState(nfa);
    addEdge(nfa, from, loop);
    addEdge(nfa, pattern(nfa, loop), loop);
    // A way out of its own: what follows may loop too and must not lead back in here.
    const end = addState(nfa);
    addEdge(nfa, loop, end);
    return end;
  };
}

export function some(pattern: Pattern): Pattern {
  return sequence(pattern, many(pattern));
}

export function optional(pattern: Pattern): Pattern {
  return either(pattern, sequence());
}

/** The state in which nothing fits any more. Those above it are alive; 0 is none. */
export const DEAD = 1;
export const START = 2;

/**
 * Follows all ways of a pattern at once (subset construction), each state and symbol when a text first has them: of the many
 * that are possible, texts have few.
 */
export class Automaton {
  readonly alphabetSize: number;
  /** [states, alphabetSize] next state; 0 until `follow` was asked. */
  next: Uint16Array;
  /** 1 for states at which a match may end. */
  accepts: Uint8Array;
  readonly #nfa: Nfa = { edges: [] };
  readonly #final: number;
  /** What each state stands for: states of the pattern, in ascending order. */
  readonly #subsets: (readonly number[])[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(pattern: Pattern, alphabetSize: number) {
    this.#final = pattern(this.#nfa, addState(this.#nfa));
    this.alphabetSize = alphabetSize;
    this.next = new Uint16Array(0);
    this.accepts = new Uint8Array(0);
    this.#subsets.push([]); // 0 is no state
    this.#numberOf([]);
    this.#numberOf([0]);
  }

  /** Finds a next state, which is in `next` from now on; both tables may be others than before. */
  follow(state: number, symbol: number): void {
    const reached = new Set<number>();
    for (const from of this.#subsets[state]) {
      for (const edge of this.#nfa.edges[from]) if (edge.symbols?.has(symbol)) reached.add(edge.to);
    }
    const found = this.#numberOf(reached); // before `next` is read: it may grow
    this.next[state * this.alphabetSize + symbol] = found;
  }

  #numberOf(states: Iterable<number>): number {
    const subset = closure(this.#nfa, states);
    const key = subset.join(',');
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#subsets.push(subset) - 1;
    this.#numbers.set(key, number);
    if (number >= this.accepts.length) this.#grow();
    this.accepts[number] = Number(subset.includes(this.#final));
    return number;
  }

  #grow(): void {
    const { next, accepts } = this;
    const states = Math.max(32, 2 * accepts.length);
    this.next = new Uint16Array(states * this.alphabetSize);
    this.next.set(next);
    this.accepts = new Uint8Array(states);
    this.accepts.set(accepts);
  }
}

/** The states reachable without consuming anything, sorted. */
function closure(nfa: Nfa, states: Iterable<number>): number[] {
  const reached = new Set(states);
  for (const state of reached) {
    for (const edge of nfa.edges[state]) if (!edge.symbols) reached.add(edge.to);
  }
  return [...reached].sort((a, b) => a - b);
}
