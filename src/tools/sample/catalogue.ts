/** @file The sample's products: which attributes each has, its title, and a description in a seller's words. */
import { rngFrom, shuffled, type Rng } from '../../base/rng.ts';
import { ATTRIBUTES } from './attributes.ts';
import { BABY } from './baby.ts';
import { BEAUTY } from './beauty.ts';
import { BEDDING } from './bedding.ts';
import { CAR } from './car.ts';
import { ELECTRONICS } from './electronics.ts';
import { GARDEN } from './garden.ts';
import { HOME } from './home.ts';
import { KITCHEN } from './kitchen.ts';
import { OFFICE } from './office.ts';
import { OUTDOORS } from './outdoors.ts';
import { PETS } from './pets.ts';
import { SPORTS } from './sports.ts';
import { TOYS } from './toys.ts';
import { TRAVEL } from './travel.ts';
import { EXCLUSIVE_FACETS, type Category, type Facet, type ProductType } from './vocabulary.ts';

export const CATEGORIES: readonly Category[] = [
  KITCHEN,
  OFFICE,
  OUTDOORS,
  BABY,
  PETS,
  BEAUTY,
  ELECTRONICS,
  SPORTS,
  GARDEN,
  CAR,
  BEDDING,
  HOME,
  TOYS,
  TRAVEL,
];

export interface Product {
  readonly id: string;
  readonly type: ProductType;
  readonly attributes: readonly string[];
  readonly title: string;
  readonly text: string;
}

const PRODUCTS_PER_TYPE = 30;

/**
 * How often a description says what the product does, what it is used for, something on each of its attributes, and
 * something that is true of the whole category. Uses hold most of the words that shoppers type: the rarer they are, the less
 * BM25 finds for raw queries. Closing lines use everyday words of all kinds and lead it astray.
 */
const DOES_SHARE = 0.6;
const USE_SHARE = 0.35;
const CLAIM_SHARE = 0.7;
const CLOSER_SHARE = 0.55;

/** Invented; not the names of companies that we know of. */
const BRANDS =
  'Velmora Kestrin Brightfold Tovana Halvik Pellora Nordwick Sunreed Ambrel Castlow Driftlane Emberly Fennimo Glenhart Hollowick Ivanto Jorvell Kindlay Lumoro Marrowby Nestvale Oakrin Pinemoor Quillon Rovanti Saltmere Thistlo Umbrio Varnell Willomar Yarrowin Zephrel'.split(
    ' ',
  );

/** The order of attributes in a title, as English has it: large waterproof blue steel bottle. */
const TITLE_ORDER: readonly Facet[] = ['fit', 'property', 'care', 'power', 'colour', 'material'];

/** Whether attributes can be true of one product: no two of an exclusive facet. */
export function areCompatible(keys: readonly string[]): boolean {
  return EXCLUSIVE_FACETS.every((facet) => keys.filter((key) => ATTRIBUTES[key].facet === facet).length <= 1);
}

/** Every product, in an order that says nothing: ids are given after shuffling. */
export function makeProducts(seed: number): Product[] {
  const rng = rngFrom(seed, 'catalogue');
  const titles = new Set<string>();
  const drafts = CATEGORIES.flatMap((category) =>
    category.types.flatMap((type) =>
      Array.from({ length: PRODUCTS_PER_TYPE }, () => draftWithNewTitle(category, type, titles, rng)),
    ),
  );
  return shuffled(drafts, rng).map((draft, i) => ({ id: `P${String(i + 1).padStart(4, '0')}`, ...draft }));
}

type Draft = Omit<Product, 'id'>;

function draftWithNewTitle(category: Category, type: ProductType, titles: Set<string>, rng: Rng): Draft {
  for (;;) {
    const brand = pick(BRANDS, rng);
    const attributes = drawAttributes(type, rng);
    const title = titleOf(type, brand, attributes, rng);
    if (titles.has(title)) continue;
    titles.add(title);
    return { type, attributes, title, text: describe(category, type, brand, attributes, rng) };
  }
}

/** One to three attributes, two most often. */
function drawAttributes(type: ProductType, rng: Rng): string[] {
  const wanted = pick([1, 2, 2, 2, 3, 3], rng);
  const chosen: string[] = [];
  for (const key of shuffled(type.attributes, rng)) {
    if (chosen.length < wanted && areCompatible([...chosen, key])) chosen.push(key);
  }
  return inTitleOrder(chosen);
}

/** Attributes as a title lists them. */
export function inTitleOrder(keys: readonly string[]): string[] {
  const rank = (key: string): number => TITLE_ORDER.indexOf(ATTRIBUTES[key].facet);
  return [...keys].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function titleOf(type: ProductType, brand: string, attributes: readonly string[], rng: Rng): string {
  const terms = attributes.map((key) => ATTRIBUTES[key].term);
  const last = terms.at(-1)!;
  const bodies = [
    `${brand} ${terms.join(' ')} ${type.name}`,
    `${terms.join(' ')} ${type.name} by ${brand}`,
    `${brand} ${type.name}, ${terms.join(', ')}`,
    `${brand} ${[...terms.slice(0, -1), type.name].join(' ')}, ${last}`,
  ];
  return pick(bodies, rng) + sizeOf(type, attributes, rng);
}

/** A size or count for half of the titles; none where an attribute already speaks of size. */
function sizeOf(type: ProductType, attributes: readonly string[], rng: Rng): string {
  const size = pick(type.sizes, rng);
  if (rng.next() < 0.5 || attributes.some((key) => ATTRIBUTES[key].facet === 'fit')) return '';
  return size.startsWith('with ') ? ` ${size}` : `, ${size}`;
}

/** What sellers say when they say little, for one thing and for several. */
const EMPTY_PRAISE: readonly (readonly [string, string])[] = [
  ['is a bestseller in its range', 'are bestsellers in their range'],
  ['is back in a better version', 'are back in a better version'],
  ['is made with care for detail', 'are made with care for detail'],
  ['does its job without fuss', 'do their job without fuss'],
  ['comes from a small family company', 'come from a small family company'],
  ['replaces our popular first model', 'replace our popular first model'],
];

/** One to six sentences: what it is, uses, attributes, and sometimes a closing line. */
function describe(
  category: Category,
  type: ProductType,
  brand: string,
  attributes: readonly string[],
  rng: Rng,
): string {
  const uses = rng.next() < USE_SHARE ? [pick(type.uses, rng)] : [];
  const claims = attributes.filter(() => rng.next() < CLAIM_SHARE).map((key) => pick(ATTRIBUTES[key].claims, rng));
  const closers = rng.next() < CLOSER_SHARE ? [pick(category.closers, rng)] : [];
  const middle = rng.next() < 0.5 ? [...uses, ...claims] : [...claims, ...uses];
  return [openingOf(type, brand, rng), ...middle, ...closers].join(' ');
}

function openingOf(type: ProductType, brand: string, rng: Rng): string {
  const name = pick(type.synonyms, rng);
  const does = rng.next() < DOES_SHARE ? pick(type.does, rng) : pick(EMPTY_PRAISE, rng)[type.plural ? 1 : 0];
  const article = /^[aeiou]/.test(name) ? 'An' : 'A';
  const openings = type.plural
    ? [`These ${name}`, `${brand} ${name}`, `Our ${name}`, `${capitalised(name)} that`]
    : [`This ${name}`, `The ${brand} ${name}`, `Our ${name}`, `${article} ${name} that`];
  return `${pick(openings, rng)} ${does}.`;
}

function capitalised(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}

/** One of the items, each as likely as the others. */
export function pick<T>(items: readonly T[], rng: Rng): T {
  return items[rng.below(items.length)];
}
