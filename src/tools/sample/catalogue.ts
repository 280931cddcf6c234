/** @file The sample's products: which attributes each has, its title, and a description in a seller's words. */
import { rngFrom, shuffled, type Rng } from '../../base/rng.ts';
import { ATTRIBUTES, EXCLUSIVE_FACETS, type AttributeKey, type Facet } from './attributes.ts';
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
import type { Category, ProductType } from './vocabulary.ts';

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
  readonly attributes: readonly AttributeKey[];
  readonly title: string;
  readonly text: string;
}

const PRODUCTS_PER_TYPE = 30;

/**
 * Uses hold most of the words that shoppers type. Every sentence about a use is in this many products: enough to learn from,
 * too few for BM25 to fill a page with for a raw query.
 */
const PRODUCTS_PER_USE = 2;
/**
 * How often a description says what the product does, something on each of its attributes, and something that is true of the
 * whole category. Closing lines use everyday words of all kinds and lead BM25 astray.
 */
const DOES_SHARE = 0.5;
const CLAIM_SHARE = 0.45;
const CLOSER_SHARE = 0.6;

/** Invented; not the names of companies that we know of. */
const BRANDS =
  'Velmora Kestrin Brightfold Tovana Halvik Pellora Nordwick Sunreed Ambrel Castlow Driftlane Emberly Fennimo Glenhart Hollowick Ivanto Jorvell Kindlay Lumoro Marrowby Nestvale Oakrin Pinemoor Quillon Rovanti Saltmere Thistlo Umbrio Varnell Willomar Yarrowin Zephrel'.split(
    ' ',
  );

/** The order of attributes in a title, as English has it: large waterproof blue steel bottle. */
const TITLE_ORDER: readonly Facet[] = ['fit', 'property', 'care', 'power', 'colour', 'material'];

/** Whether attributes can be true of one product: no two of an exclusive facet. */
export function areCompatible(keys: readonly AttributeKey[]): boolean {
  return EXCLUSIVE_FACETS.every((facet) => keys.filter((key) => ATTRIBUTES[key].facet === facet).length <= 1);
}

/** Every product, in an order that says nothing: ids are given after shuffling. */
export function makeProducts(seed: number): Product[] {
  const rng = rngFrom(seed, 'catalogue');
  const titles = new Set<string>();
  const drafts = CATEGORIES.flatMap((category) =>
    category.types.flatMap((type) => draftsOfType(category, type, titles, rng)),
  );
  return shuffled(drafts, rng).map((draft, i) => ({ id: `P${String(i + 1).padStart(4, '0')}`, ...draft }));
}

type Draft = Omit<Product, 'id'>;

function draftsOfType(category: Category, type: ProductType, titles: Set<string>, rng: Rng): Draft[] {
  return Array.from({ length: PRODUCTS_PER_TYPE }, (_, i) => {
    const brand = pick(BRANDS, rng);
    const { attributes, title } = drawNewTitle(type, brand, titles, rng);
    const use = type.uses.at(Math.floor(i / PRODUCTS_PER_USE));
    return { type, attributes, title, text: describe(category, type, brand, attributes, use, rng) };
  });
}

function drawNewTitle(
  type: ProductType,
  brand: string,
  titles: Set<string>,
  rng: Rng,
): Pick<Product, 'attributes' | 'title'> {
  for (;;) {
    const attributes = drawAttributes(type, rng);
    const title = titleOf(type, brand, attributes, rng);
    if (titles.has(title)) continue;
    titles.add(title);
    return { attributes, title };
  }
}

/** One to three attributes, two most often. */
function drawAttributes(type: ProductType, rng: Rng): AttributeKey[] {
  const wanted = pick([1, 2, 2, 2, 3, 3], rng);
  const chosen: AttributeKey[] = [];
  for (const key of shuffled(type.attributes, rng)) {
    if (chosen.length < wanted && areCompatible([...chosen, key])) chosen.push(key);
  }
  return inTitleOrder(chosen);
}

/** Attributes as a title lists them. */
export function inTitleOrder(keys: readonly AttributeKey[]): AttributeKey[] {
  const rank = (key: AttributeKey): number => TITLE_ORDER.indexOf(ATTRIBUTES[key].facet);
  return [...keys].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function titleOf(type: ProductType, brand: string, attributes: readonly AttributeKey[], rng: Rng): string {
  const terms = attributes.map((key) => ATTRIBUTES[key].term);
  const last = terms.at(-1)!;
  const bodies = [
    `${brand} ${terms.join(' ')} ${type.name}`,
    `${terms.join(' ')} ${type.name} by ${brand}`,
    `${brand} ${type.name}, ${terms.join(', ')}`,
    `${brand} ${[...terms.slice(0, -1), type.name].join(' ')}, ${last}`,
  ];
  const body = pick(bodies, rng);
  const size = drawSize(type, attributes, rng);
  if (size === undefined) return body;
  return size.startsWith('with ') && !body.includes(',') ? `${body} ${size}` : `${body}, ${size}`;
}

/** A size or count for half of the titles; none where an attribute already speaks of size. */
function drawSize(type: ProductType, attributes: readonly AttributeKey[], rng: Rng): string | undefined {
  const size = pick(type.sizes, rng);
  const isSaid = attributes.some((key) => ATTRIBUTES[key].facet === 'fit');
  return isSaid || rng.next() < 0.5 ? undefined : size;
}

/** What sellers say when they say little, for one thing and for several. */
const EMPTY_PRAISE: readonly (readonly [string, string])[] = [
  ['is a bestseller in its range', 'are bestsellers in their range'],
  ['is back in a better version', 'are back in a better version'],
  ['is made with care for detail', 'are made with care for detail'],
  ['does its job without fuss', 'do their job without fuss'],
  ['comes from a small family company', 'come from a small family company'],
  ['replaces our popular first model', 'replace our popular first model'],
  ['sells out every season', 'sell out every season'],
  ['has many five star ratings', 'have many five star ratings'],
  ['gets better materials this year', 'get better materials this year'],
  ['is simple and well made', 'are simple and well made'],
];

/** Two to six sentences: what it is, a use, attributes, and sometimes a closing line. */
function describe(
  category: Category,
  type: ProductType,
  brand: string,
  attributes: readonly AttributeKey[],
  use: string | undefined,
  rng: Rng,
): string {
  const uses = use === undefined ? [] : [use];
  const claims = attributes.filter(() => rng.next() < CLAIM_SHARE).map((key) => pick(ATTRIBUTES[key].claims, rng));
  const isShort = uses.length + claims.length === 0;
  const closers = isShort || rng.next() < CLOSER_SHARE ? [pick(category.closers, rng)] : [];
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
