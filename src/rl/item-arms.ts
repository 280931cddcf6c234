/**
 * @file Rankings that need neither a language model nor the recommender: what is bought most, and what is bought by those who
 * bought the same (item-item collaborative filtering; Sarwar et al., WWW 2001).
 */
import type { Example } from '../data/task.ts';
import type { Arm } from './arms.ts';
import { sequencesOf, unseenNote } from './purchases.ts';

type Scores = ReadonlyMap<string, number>;

/** The items that most shoppers bought; for every example the same. */
export function popularityArm(train: readonly Example[]): Arm {
  const sequences = sequencesOf(train);
  const popular = itemsByPopularity(sequences);
  return {
    name: 'popularity',
    note: (examples) => unseenNote(sequences, examples),
    answer: (examples, { k }) =>
      Promise.resolve(
        examples.map(({ history = [] }) => ({ kind: 'ranking', ids: popular.slice(0, k + history.length) })),
      ),
  };
}

/**
 * The items that go with those of the history: the sum over the history of the cosine of who bought them. The most popular
 * items follow, for a history that goes with nothing.
 */
export function coOccurrenceArm(train: readonly Example[]): Arm {
  const sequences = sequencesOf(train);
  const popularity = popularityOf(sequences);
  const popular = byScore(popularity);
  const together = pairCounts(sequences);
  return {
    name: 'co-occurrence',
    note: (examples) => unseenNote(sequences, examples),
    answer: (examples, { k }) =>
      Promise.resolve(
        examples.map(({ history = [] }) => {
          const related = byScore(relatedTo(history, together, popularity));
          const ids = [...new Set([...related, ...popular.slice(0, k + related.length + history.length)])];
          return { kind: 'ranking', ids: ids.slice(0, k + history.length) };
        }),
      ),
  };
}

/** The items of sequences, those in most of them first. */
export function itemsByPopularity(sequences: readonly (readonly string[])[]): string[] {
  return byScore(popularityOf(sequences));
}

/** In how many sequences each item is. */
function popularityOf(sequences: readonly (readonly string[])[]): Scores {
  const counts = new Map<string, number>();
  for (const item of sequences.flatMap((sequence) => [...new Set(sequence)]))
    counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/** In how many sequences each pair of items is, from either side. */
function pairCounts(sequences: readonly (readonly string[])[]): ReadonlyMap<string, Scores> {
  const counts = new Map<string, Map<string, number>>();
  for (const sequence of sequences.map((all) => new Set(all))) {
    for (const item of sequence) {
      const others = counts.get(item) ?? new Map<string, number>();
      counts.set(item, others);
      for (const other of sequence) if (other !== item) others.set(other, (others.get(other) ?? 0) + 1);
    }
  }
  return counts;
}

function relatedTo(history: readonly string[], together: ReadonlyMap<string, Scores>, popularity: Scores): Scores {
  const scores = new Map<string, number>();
  for (const item of history) {
    for (const [other, count] of together.get(item) ?? []) {
      const cosine = count / Math.sqrt(popularity.get(item)! * popularity.get(other)!);
      scores.set(other, (scores.get(other) ?? 0) + cosine);
    }
  }
  return scores;
}

/** Highest first; equal ones by id, so that an evaluation is reproducible. */
function byScore(scores: Scores): string[] {
  return [...scores].sort(([idA, a], [idB, b]) => b - a || (idA < idB ? -1 : 1)).map(([id]) => id);
}
