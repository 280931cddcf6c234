/**
 * @file Regular expressions over a small alphabet of character classes, compiled to a table-driven automaton.
 *
 * JavaScript's own expressions take the first alternative that fits; word breaking needs the longest. A compiled table also
 * costs one lookup per character however many rules there are. Nothing here knows about Unicode.
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

/** State 0 is dead, state 1 the start. */
export interface Automaton {
  readonly alphabetSize: number;
  /** [states, alphabetSize] next state; 0 when nothing fits. */
  readonly next: Uint16Array;
  /** 1 for states at which a match may end. */
  readonly accepts: Uint8Array;
}

/** Compiles a pattern by following all its ways at once (subset construction). */
export function compile(pattern: Pattern, alphabetSize: number): Automaton {
  const nfa: Nfa = { edges: [] };
  const final = pattern(nfa, addState(nfa));
  const numbers = new Map<string, number>();
  const subsets: (readonly number[])[] = [];
  const numberOf = (states: Iterable<number>): number => {
    const subset = closure(nfa, states);
    const key = subset.join(',');
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, subsets.length);
    return subsets.push(subset) - 1;
  };
  numberOf([]);
  numberOf([0]);
  const next: number[] = [];
  for (let state = 0; state < subsets.length; state++) {
    for (let symbol = 0; symbol < alphabetSize; symbol++) next.push(numberOf(step(nfa, subsets[state], symbol)));
  }
  return {
    alphabetSize,
    next: Uint16Array.from(next),
    accepts: Uint8Array.from(subsets, (subset) => Number(subset.includes(final))),
  };
}

function step(nfa: Nfa, states: readonly number[], symbol: number): Set<number> {
  const reached = new Set<number>();
  for (const state of states) {
    for (const edge of nfa.edges[state]) if (edge.symbols?.has(symbol)) reached.add(edge.to);
  }
  return reached;
}

/** The states reachable without consuming anything, sorted. */
function closure(nfa: Nfa, states: Iterable<number>): number[] {
  const reached = new Set(states);
  for (const state of reached) {
    for (const edge of nfa.edges[state]) if (!edge.symbols) reached.add(edge.to);
  }
  return [...reached].sort((a, b) => a - b);
}
