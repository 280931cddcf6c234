/**
 * @file What the starter is pre-trained on: the catalogue's own texts, shaped like the task. A span of a description, cut
 * and thinned until it reads like something a shopper types, is the prompt; words of the title are the answer.
 *
 * The unlabelled training queries occur as prompts only: their words become familiar, but no answer to them is ever shown.
 */
import type { Rng } from '../../base/rng.ts';
import { shuffled } from '../../base/rng.ts';
import { completionOf } from '../../data/prompt.ts';
import type { Document } from '../../data/task.ts';

export interface Pair {
  readonly query: string;
  readonly completion: string;
}

/** Words that say little: shoppers use them anywhere, so a thinned span keeps some of them at random. */
const FILLERS = [
  'i need',
  'looking for',
  'something for',
  'something that',
  'want',
  'for my',
  'that',
  'a thing for',
  '',
];

/** What the catalogue as a whole says about its words. */
export interface Catalogue {
  readonly documents: readonly Document[];
  /** In how many documents a word occurs. */
  readonly frequencies: ReadonlyMap<string, number>;
  /** Words that somewhere follow "by" in a title: nobody asks for them. */
  readonly brands: ReadonlySet<string>;
}

export function readCatalogue(documents: readonly Document[]): Catalogue {
  const frequencies = new Map<string, number>();
  const brands = new Set<string>();
  for (const { title, text } of documents) {
    for (const word of new Set(wordsOf(`${title} ${text}`))) frequencies.set(word, (frequencies.get(word) ?? 0) + 1);
    const [, brand] = /\bby (\w+)$/.exec(title) ?? [];
    if (brand) brands.add(brand.toLowerCase());
  }
  return { documents, frequencies, brands };
}

/** One prompt and answer from a random document. */
export function randomPair({ documents, frequencies, brands }: Catalogue, rng: Rng): Pair {
  const document = documents[rng.below(documents.length)];
  const query = spanLikeAQuery(document.text, rng);
  const words = wordsOf(document.title).filter((word) => word !== 'by' && !brands.has(word));
  return { query, completion: completionOf(keyWords(query, frequencies).join(' '), mostOf(words, rng).join(' ')) };
}

/** The two rarest words of a query, in its order: what the model says while it thinks. */
export function keyWords(query: string, frequencies: ReadonlyMap<string, number>): string[] {
  const words = [...new Set(wordsOf(query))];
  const rarest = [...words]
    .sort((a, b) => (frequencies.get(a) ?? 0) - (frequencies.get(b) ?? 0) || (a < b ? -1 : 1))
    .slice(0, 2);
  return words.filter((word) => rarest.includes(word));
}

function spanLikeAQuery(text: string, rng: Rng): string {
  const sentences = text.split(/(?<=[.!?])\s+/).filter((sentence) => sentence.length > 0);
  const chosen = shuffled(sentences, rng).slice(0, 1 + rng.below(2));
  const words = chosen.flatMap((sentence) => {
    const all = wordsOf(sentence);
    const start = rng.below(Math.max(1, all.length - 4));
    return all.slice(start, start + 4 + rng.below(8));
  });
  const keep = 0.5 + rng.next() / 2;
  const thinned = words.filter(() => rng.next() < keep);
  return `${FILLERS[rng.below(FILLERS.length)]} ${(thinned.length > 0 ? thinned : words).join(' ')}`.trim();
}

/** Most of the words, in order: which ones differ from draw to draw, so that sampling explores. */
function mostOf(words: readonly string[], rng: Rng): readonly string[] {
  const keep = 0.6 + 0.4 * rng.next();
  const kept = words.filter(() => rng.next() < keep);
  return kept.length > 0 ? kept : words;
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z]+(?:['-][a-z]+)*|\d+/g) ?? [];
}
