/**
 * @file What the starter is pre-trained on: the catalogue's own texts, shaped like the task. Words of a description, set
 * into the frame of an unlabelled training query, are the prompt; words of the title are the answer.
 *
 * The training queries lend their frames ("do you have something to …, ideally one that …") and are learned as text. No
 * answer to one of them is ever shown, and no judgment is read.
 */
import { type Rng, shuffled } from '../../base/rng.ts';
import { completionOf } from '../../data/prompt.ts';
import type { Document } from '../../data/task.ts';

export interface Pair {
  readonly query: string;
  readonly completion: string;
}

/** What a model of this size has to say before it answers. */
const THOUGHT = 'in the words of the catalogue';
/** A title word of fewer products is a size or a detail, which nobody asks for. */
const MIN_PRODUCTS = 20;
/** A word in at least this share of the queries belongs to their frame. */
const FRAME_SHARE = 0.05;
/** A word in at least this share of the products says little, and mostly falls away. */
const COMMON_SHARE = 0.05;

/** What catalogue and queries as a whole say about their words. */
export interface Sources {
  readonly documents: readonly Document[];
  /** In how many documents a word occurs. */
  readonly frequencies: ReadonlyMap<string, number>;
  /** Words that somewhere follow "by" in a title: nobody asks for them. */
  readonly brands: ReadonlySet<string>;
  /** Words of each query; null where one was that only some queries have. */
  readonly frames: readonly (readonly (string | null)[])[];
}

export function readSources(documents: readonly Document[], queries: readonly string[]): Sources {
  const brands = documents.flatMap(({ title }) => /\bby (\w+)$/.exec(title)?.[1].toLowerCase() ?? []);
  const inQueries = documentFrequencies(queries);
  return {
    documents,
    frequencies: documentFrequencies(documents.map(({ title, text }) => `${title} ${text}`)),
    brands: new Set(brands),
    frames: queries.map((query) =>
      wordsOf(query).map((word) => (inQueries.get(word)! >= FRAME_SHARE * queries.length ? word : null)),
    ),
  };
}

/** One prompt and answer from a random document. */
export function randomPair(sources: Sources, rng: Rng): Pair {
  const document = sources.documents[rng.below(sources.documents.length)];
  const frame = sources.frames[rng.below(sources.frames.length)];
  return {
    query: framed(frame, someWords(document.text, sources, rng)),
    completion: completionOf(THOUGHT, answerWords(document.title, sources, rng).join(' ')),
  };
}

/** The words of one or two sentences, thinned: some pairs keep nearly all that tell something, some only a few. */
function someWords(text: string, { documents, frequencies }: Sources, rng: Rng): string[] {
  const sentences = text.split(/(?<=[.!?])\s+/).filter((sentence) => sentence !== '');
  const words = shuffled(sentences, rng)
    .slice(0, 1 + rng.below(2))
    .flatMap(wordsOf);
  const keep = 0.4 + 0.6 * rng.next();
  const isCommon = (word: string): boolean => (frequencies.get(word) ?? 0) >= COMMON_SHARE * documents.length;
  const kept = words.filter((word) => rng.next() < (isCommon(word) ? 0.3 * keep : keep));
  return kept.length > 1 ? kept : words;
}

/** Sets words into the gaps of a frame, evenly; a frame without a gap gets them at its end. */
function framed(frame: readonly (string | null)[], words: readonly string[]): string {
  const gaps = frame.filter((word) => word === null).length;
  if (gaps === 0) return [...frame, ...words].join(' ');
  let gap = 0;
  const filled = frame.flatMap((word) => {
    if (word !== null) return [word];
    gap++;
    return words.slice(Math.floor(((gap - 1) * words.length) / gaps), Math.floor((gap * words.length) / gaps));
  });
  return filled.join(' ');
}

/**
 * Words of the title, the most telling first; most of them, differing from draw to draw, so that sampling explores.
 * Order is free: the recommender weighs words, not sentences.
 */
function answerWords(title: string, { frequencies, brands }: Sources, rng: Rng): string[] {
  const count = (word: string): number => frequencies.get(word) ?? 0;
  const words = wordsOf(title)
    .filter((word) => word !== 'by' && !brands.has(word) && count(word) >= MIN_PRODUCTS && !/^\d/.test(word))
    .sort((a, b) => count(a) - count(b));
  return words.filter((_, i) => i < 2 || rng.next() < 0.7);
}

function documentFrequencies(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of new Set(wordsOf(text))) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z]+(?:['-][a-z]+)*|\d+/g) ?? [];
}
