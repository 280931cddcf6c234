/**
 * @file The sample's queries in shoppers' words, their judgments, and what is held back from training.
 *
 * Two things are reserved for validation and test: some (type, attribute) pairs, and one phrasing of every type. A policy
 * that only remembers training queries cannot answer those; one that learned the words can.
 */
import { rngFrom, shuffled, type Rng } from '../../base/rng.ts';
import { SPLITS, type Split } from '../../data/task.ts';
import { ATTRIBUTES, type AttributeKey } from './attributes.ts';
import { areCompatible, CATEGORIES, inTitleOrder, pick, type Product } from './catalogue.ts';
import type { ProductType } from './vocabulary.ts';

export interface SampleQuery {
  readonly id: string;
  readonly split: Split;
  readonly text: string;
  readonly type: ProductType;
  readonly attributes: readonly AttributeKey[];
  /** The shopper's phrase for the type. */
  readonly phrasing: string;
  /** Product id to grade, in order of ids. */
  readonly judgments: ReadonlyMap<string, number>;
}

export const QUERY_COUNTS: Readonly<Record<Split, number>> = { train: 800, validation: 100, test: 200 };

/** Of the queries that name attributes, outside training: how many name a pair that is reserved. */
const RESERVED_PAIR_SHARE = 0.62;
/** Outside training: how many use the reserved phrasing. */
const RESERVED_PHRASING_SHARE = 0.15;
const RESERVED_PAIRS_PER_TYPE = 2;

/** What training may use of a type, and what is reserved for validation and test. */
interface Shares {
  readonly type: ProductType;
  readonly products: readonly Product[];
  readonly open: readonly AttributeKey[];
  readonly reserved: readonly AttributeKey[];
  readonly openPhrasings: readonly string[];
  readonly reservedPhrasing: string;
}

/** All queries of all splits; texts are distinct and ids are given after shuffling. */
export function makeQueries(seed: number, products: readonly Product[]): SampleQuery[] {
  const rng = rngFrom(seed, 'queries');
  const shares = CATEGORIES.flatMap(({ types }) => types.map((type) => shareOut(type, products, rng)));
  const texts = new Set<string>();
  const drafts = SPLITS.flatMap((split) => draftSplit(split, shares, texts, rng));
  return shuffled(drafts, rng).map((draft, i) => ({ id: `Q${String(i + 1).padStart(4, '0')}`, ...draft }));
}

/** The rewrite of someone who knows the seller's words. */
export function oracleRewrite(query: Pick<SampleQuery, 'type' | 'attributes'>): string {
  return [...inTitleOrder(query.attributes).map((key) => ATTRIBUTES[key].term), query.type.name]
    .join(' ')
    .toLowerCase();
}

function shareOut(type: ProductType, products: readonly Product[], rng: Rng): Shares {
  const attributes = shuffled(type.attributes, rng);
  const phrasings = shuffled([...type.asks, ...type.troubles], rng);
  return {
    type,
    products: products.filter((product) => product.type === type),
    reserved: attributes.slice(0, RESERVED_PAIRS_PER_TYPE),
    open: attributes.slice(RESERVED_PAIRS_PER_TYPE),
    reservedPhrasing: phrasings[0],
    openPhrasings: phrasings.slice(1),
  };
}

type Draft = Omit<SampleQuery, 'id'>;

/** Goes through the types in rounds, so that every type is asked for about equally often. */
function draftSplit(split: Split, shares: readonly Shares[], texts: Set<string>, rng: Rng): Draft[] {
  const drafts: Draft[] = [];
  let order: Shares[] = [];
  let round = -1;
  while (drafts.length < QUERY_COUNTS[split]) {
    if (order.length === 0) {
      order = shuffled(shares, rng);
      round++;
    }
    const draft = draftQuery(split, order.pop()!, round, rng);
    if (texts.has(draft.text)) continue;
    texts.add(draft.text);
    drafts.push(draft);
  }
  return drafts;
}

function draftQuery(split: Split, shares: Shares, round: number, rng: Rng): Draft {
  const phrasing = drawPhrasing(split, shares, round, rng);
  const attributes = drawWanted(split, shares, phrasing, rng);
  const modifiers = attributes.map((key) => pick(ATTRIBUTES[key].asks, rng));
  const text = shares.type.troubles.includes(phrasing)
    ? sayTrouble(phrasing, modifiers, rng)
    : sayWish(phrasing, modifiers, rng);
  return { split, text, type: shares.type, attributes, phrasing, judgments: judge(shares.products, attributes) };
}

/** Training takes the open phrasings in turn, so that it has them all. */
function drawPhrasing(split: Split, { openPhrasings, reservedPhrasing }: Shares, round: number, rng: Rng): string {
  if (split === 'train') return openPhrasings[round % openPhrasings.length];
  return rng.next() < RESERVED_PHRASING_SHARE ? reservedPhrasing : pick(openPhrasings, rng);
}

/** Phrasings of grown-ups, which "for my 6 year old" would contradict. */
const GROWN_UP = /\b(work|working|office|business|meetings?|wife|husband|beer|drive|drivers?|late|nights)\b/;

/** None, one or two attributes that at least one product has all of. */
function drawWanted(split: Split, shares: Shares, phrasing: string, rng: Rng): AttributeKey[] {
  const count = pick([0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2], rng);
  for (;;) {
    const wanted = drawKeys(split, shares, count, rng);
    if (wanted.includes('kids') && GROWN_UP.test(phrasing)) continue;
    if (shares.products.some((product) => hasAll(product, wanted))) return wanted;
  }
}

function drawKeys(split: Split, { open, reserved }: Shares, count: number, rng: Rng): AttributeKey[] {
  if (split === 'train' || rng.next() >= RESERVED_PAIR_SHARE) return shuffled(open, rng).slice(0, count);
  const first = pick(reserved, rng);
  const others = shuffled([...open, ...reserved], rng).filter((key) => key !== first);
  return shuffled([first, ...others].slice(0, count), rng);
}

function hasAll(product: Product, wanted: readonly AttributeKey[]): boolean {
  return areCompatible(wanted) && wanted.every((key) => product.attributes.includes(key));
}

/** 3: right type with everything wanted. 2: right type with something of it. 1: right type only. */
function judge(products: readonly Product[], wanted: readonly AttributeKey[]): Map<string, number> {
  const grades = products.map((product): [string, number] => {
    const met = wanted.filter((key) => product.attributes.includes(key)).length;
    return [product.id, met === wanted.length ? 3 : met > 0 ? 2 : 1];
  });
  return new Map(grades.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const BEGINNINGS = [
  '',
  '',
  'need ',
  'i need ',
  'looking for ',
  'i want ',
  'can you find ',
  'searching for ',
  'is there ',
  'do you have ',
];

/** A query around a noun phrase, such as "something to see in the dark". Without a beginning it loses its article. */
function sayWish(wish: string, modifiers: readonly string[], rng: Rng): string {
  const beginning = pick(BEGINNINGS, rng);
  const core = beginning === '' ? wish.replace(/^an? /, '') : beginning + wish;
  if (modifiers.length === 0) return pick([core, core, `what do you call ${wish}`, `${core} please`], rng);
  const wants = joined(modifiers);
  return pick(
    [
      `${core} ${wants}`,
      `${core}, ${wants}`,
      `${core}, ideally one ${wants}`,
      `${core}, has to be one ${wants}`,
      `${core}, one ${wants} please`,
    ],
    rng,
  );
}

/** A query around a clause, such as "my neck is stiff every morning". */
function sayTrouble(trouble: string, modifiers: readonly string[], rng: Rng): string {
  if (modifiers.length === 0) {
    return pick(
      [trouble, `${trouble}, what helps`, `help, ${trouble}`, `${trouble}, any ideas`, `what can i buy if ${trouble}`],
      rng,
    );
  }
  const wants = joined(modifiers);
  return pick(
    [
      `${trouble}, need something ${wants}`,
      `${trouble}, looking for something ${wants}`,
      `${trouble}. any fix ${wants}`,
      `help, ${trouble}. want one ${wants}`,
      `what can i buy if ${trouble}, one ${wants}`,
    ],
    rng,
  );
}

/** Modifiers as one phrase: prepositions first, and "that" said once: "in red that folds flat and stays put". */
function joined(modifiers: readonly string[]): string {
  const clauses = modifiers.filter((modifier) => modifier.startsWith('that '));
  const others = modifiers.filter((modifier) => !modifier.startsWith('that '));
  const clause = clauses.map((text, i) => (i === 0 ? text : text.slice('that '.length))).join(' and ');
  return [others.join(' and '), clause].filter((part) => part !== '').join(' ');
}
