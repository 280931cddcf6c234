/**
 * @file What the starter is pre-trained on: the catalogue's own texts, shaped like the task. Words of a description, set
 * into the frame of an unlabelled training query, are the prompt; words of the title are the answer.
 *
 * The training queries lend their frames ("do you have something to …, ideally one that …") and are learned as text. No
 * answer to one of them is ever shown, and no judgment is read.
 */
import { type Rng, shuffled } from '../../base/rng.ts';
import { completionOf } from '../../data/answer.ts';
import type { Document } from '../../data/task.ts';

export interface Pair {
  readonly query: string;
  readonly completion: string;
}

/** What a model of this size has to say before it answers. */
const THOUGHT = 'in the words of the catalogue';
/** A title word of fewer products is a detail, which nobody asks for. */
const MIN_PRODUCTS = 20;
/** A word in at least this share of the queries belongs to their frame. */
const FRAME_SHARE = 0.05;
/** A word in at least this share of the products says little, and mostly falls away. */
const COMMON_SHARE = 0.05;
/** A sentence of more products than this tells a property, not what the product is for. */
const TELLING_PRODUCTS = 10;
/** A sentence accounts for a title word when at least this share of its products have it. */
const ACCOUNTED_SHARE = 0.8;

interface Product {
  readonly sentences: readonly string[];
  /** Words of the title that may be asked for, the rarest first. */
  readonly words: readonly string[];
}

/** What catalogue and queries as a whole say about their words. */
export interface Sources {
  readonly products: readonly Product[];
  /** In how many products a word occurs. */
  readonly frequencies: ReadonlyMap<string, number>;
  /** For each sentence, how often each title word goes with it; under '' in how many products it is. */
  readonly titlesOf: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Words of each query; null where one was that only some queries have. */
  readonly frames: readonly (readonly (string | null)[])[];
}

export function readSources(documents: readonly Document[], queries: readonly string[]): Sources {
  const titles = documents.map(({ title }) => title);
  // Brands follow "by", units follow a number; whatever the word, nobody asks for it.
  const unasked = new Set(
    titles.flatMap((title) => title.match(/(?<=\b(?:by|\d+) )\w+/g) ?? []).map((word) => word.toLowerCase()),
  );
  const frequencies = documentFrequencies(documents.map(({ title, text }) => `${title} ${text}`));
  const count = (word: string): number => frequencies.get(word) ?? 0;
  const products = documents.map(({ title, text }): Product => ({
    sentences: text.split(/(?<=[.!?])\s+/).filter((sentence) => sentence !== ''),
    words: wordsOf(title)
      .filter((word) => /^[a-z]{3}/.test(word) && !unasked.has(word) && count(word) >= MIN_PRODUCTS)
      .sort((a, b) => count(a) - count(b)),
  }));
  const inQueries = documentFrequencies(queries);
  const frames = queries.map((query) =>
    wordsOf(query).map((word) => ((inQueries.get(word) ?? 0) >= FRAME_SHARE * queries.length ? word : null)),
  );
  return { products, frequencies, titlesOf: titleWordsBySentence(products), frames };
}

/** One prompt and answer from a random product. */
export function randomPair(sources: Sources, rng: Rng): Pair {
  const { place, query, sentences } = randomQuestion(sources, rng);
  const words = answerWords(sources.products[place], sentences, sources, rng);
  return { query, completion: completionOf(THOUGHT, words.join(' ')) };
}

/** What might be asked about a random product: its place in the catalogue, and the sentences that the words are from. */
export function randomQuestion(
  sources: Sources,
  rng: Rng,
): { readonly place: number; readonly query: string; readonly sentences: readonly string[] } {
  const place = rng.below(sources.products.length);
  const frame = sources.frames[rng.below(sources.frames.length)];
  const sentences = chosenSentences(sources.products[place], sources, rng);
  return { place, query: framed(frame, thinned(sentences.flatMap(wordsOf), sources, rng)), sentences };
}

/** One sentence that tells what the product is for, and up to two others, in random order. */
function chosenSentences({ sentences }: Product, { titlesOf }: Sources, rng: Rng): string[] {
  const mixed = shuffled(sentences, rng);
  const telling = mixed.find((sentence) => (titlesOf.get(sentence)?.get('') ?? 0) <= TELLING_PRODUCTS) ?? mixed[0];
  const others = mixed.filter((sentence) => sentence !== telling).slice(0, rng.below(3));
  return shuffled([telling, ...others], rng);
}

/** Words without many of those that say little: some pairs keep nearly all that tell something, some only a few. */
function thinned(words: readonly string[], { products, frequencies }: Sources, rng: Rng): readonly string[] {
  const keep = 0.4 + 0.6 * rng.next();
  const isCommon = (word: string): boolean => (frequencies.get(word) ?? 0) >= COMMON_SHARE * products.length;
  const kept = words.filter((word) => rng.next() < (isCommon(word) ? 0.3 * keep : keep));
  return kept.length > 1 ? kept : words;
}

/**
 * The two rarest words of the title, and the others that a chosen sentence accounts for; now and then one that none does,
 * so that sampling explores. Order is free: the recommender weighs words, not sentences.
 */
function answerWords(
  product: Product,
  sentences: readonly string[],
  { titlesOf }: Sources,
  rng: Rng,
): readonly string[] {
  const accounted = (word: string): boolean =>
    sentences.some((sentence) => {
      const titles = titlesOf.get(sentence);
      const products = titles?.get('') ?? 0;
      return products > TELLING_PRODUCTS && (titles?.get(word) ?? 0) >= ACCOUNTED_SHARE * products;
    });
  return product.words.filter((word, i) => i < 2 || accounted(word) || rng.next() < 0.1);
}

function titleWordsBySentence(products: readonly Product[]): Map<string, Map<string, number>> {
  const titlesOf = new Map<string, Map<string, number>>();
  for (const { sentences, words } of products) {
    for (const sentence of new Set(sentences)) {
      const counts = titlesOf.get(sentence) ?? new Map<string, number>();
      for (const word of ['', ...new Set(words)]) counts.set(word, (counts.get(word) ?? 0) + 1);
      titlesOf.set(sentence, counts);
    }
  }
  return titlesOf;
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
