/** @file What is true of a sample: its sizes, what BM25 makes of raw and of ideal queries, and what training never saw. */
import { buildBm25Index, searchBm25, type Bm25Index } from '../../retrieval/bm25/bm25.ts';
import { ndcgAt } from '../../retrieval/metrics.ts';
import { SPLITS, type Split } from '../../data/task.ts';
import { ATTRIBUTES } from './attributes.ts';
import { CATEGORIES, type Product } from './catalogue.ts';
import { oracleRewrite, type SampleQuery } from './queries.ts';
import type { ProductType } from './vocabulary.ts';

/** A way to turn a query into what is searched. */
type Rewriter = (query: SampleQuery) => string;

/**
 * From nothing known to everything known, with steps between: a policy climbs only where a partly right rewrite is paid
 * partly, and where a wrong word costs something.
 */
export const REWRITERS: Readonly<Record<string, Rewriter>> = {
  'raw query': ({ text }) => text,
  'attribute words': ({ attributes }) => attributes.map((key) => ATTRIBUTES[key].term).join(' '),
  'last word of the type': ({ type }) => type.name.split(' ').at(-1)!,
  'type words': ({ type }) => type.name,
  'type words + an attribute not asked for': ({ type, attributes }) =>
    oracleRewrite({ type, attributes: type.attributes.filter((key) => !attributes.includes(key)).slice(0, 1) }),
  'type words + one attribute': ({ type, attributes }) => oracleRewrite({ type, attributes: attributes.slice(0, 1) }),
  'raw query + type words': ({ text, type }) => `${text} ${type.name}`,
  'raw query + oracle': (query) => `${query.text} ${oracleRewrite(query)}`,
  'oracle + words of another type': (query) => `${oracleRewrite(query)} ${neighbourOf(query.type).name}`,
  oracle: oracleRewrite,
};

function neighbourOf(type: ProductType): ProductType {
  const types = CATEGORIES.flatMap((category) => category.types);
  return types[(types.indexOf(type) + 1) % types.length];
}

/** Mean NDCG@10, linear gain, of what BM25 returns for rewrites of `queries`. */
export function meanNdcg(index: Bm25Index, queries: readonly SampleQuery[], rewrite: Rewriter): number {
  const sum = queries.reduce((total, query) => total + ndcgOf(index, query, rewrite(query)), 0);
  return sum / queries.length;
}

/** NDCG@10 of one search for one query. */
export function ndcgOf(index: Bm25Index, query: SampleQuery, searched: string): number {
  const ids = searchBm25(index, searched, 10).map(({ id }) => id);
  return ndcgAt(ids, query.judgments, 10);
}

export interface SampleFigures {
  readonly products: number;
  readonly categories: number;
  readonly types: number;
  readonly attributes: number;
  readonly distinctWords: number;
  readonly queries: Readonly<Record<Split, number>>;
  /** Mean number of wanted attributes. */
  readonly attributesPerQuery: number;
  /** Mean NDCG@10 by rewriter and split. */
  readonly ndcg: Readonly<Record<string, Readonly<Record<Split, number>>>>;
  /** Share of test queries with a (type, attribute) pair that no training query has. */
  readonly newPairShare: number;
  /** Of the test queries with two attributes: where each attribute that the rewrite adds raises NDCG@10. */
  readonly risingShare: number;
  /** Share of test queries whose phrase for the type no training query has. */
  readonly newPhrasingShare: number;
}

export function figuresOf(products: readonly Product[], queries: readonly SampleQuery[]): SampleFigures {
  const index = buildBm25Index(products);
  const of = (split: Split): SampleQuery[] => queries.filter((query) => query.split === split);
  const perSplit = (measure: (queries: readonly SampleQuery[]) => number): Record<Split, number> => ({
    train: measure(of('train')),
    validation: measure(of('validation')),
    test: measure(of('test')),
  });
  const seenPairs = new Set(of('train').flatMap(pairsOf));
  const seenPhrasings = new Set(of('train').map(({ phrasing }) => phrasing));
  return {
    products: products.length,
    categories: CATEGORIES.length,
    types: CATEGORIES.flatMap(({ types }) => types).length,
    attributes: Object.keys(ATTRIBUTES).length,
    distinctWords: countDistinctWords(products, queries),
    queries: perSplit((some) => some.length),
    attributesPerQuery: queries.reduce((sum, query) => sum + query.attributes.length, 0) / queries.length,
    ndcg: Object.fromEntries(
      Object.entries(REWRITERS).map(([name, rewrite]) => [name, perSplit((some) => meanNdcg(index, some, rewrite))]),
    ),
    risingShare: share(
      of('test').filter(({ attributes }) => attributes.length === 2),
      (query) => risesWithAttributes(index, query),
    ),
    newPairShare: share(of('test'), (query) => pairsOf(query).some((pair) => !seenPairs.has(pair))),
    newPhrasingShare: share(of('test'), ({ phrasing }) => !seenPhrasings.has(phrasing)),
  };
}

/** NDCG by rewriter and split as a table in Markdown, for the terminal and the README. */
export function figuresTable({ ndcg }: SampleFigures): string {
  const width = Math.max(...Object.keys(ndcg).map((name) => name.length));
  const row = (name: string, cells: readonly string[]): string =>
    `| ${[name.padEnd(width), ...cells.map((cell, i) => cell.padEnd(Math.max(SPLITS[i].length, 5)))].join(' | ')} |`;
  const rule = row(
    '-'.repeat(width),
    SPLITS.map((split) => '-'.repeat(Math.max(split.length, 5))),
  );
  const rows = Object.entries(ndcg).map(([name, bySplit]) =>
    row(
      name,
      SPLITS.map((split) => bySplit[split].toFixed(3)),
    ),
  );
  return [row('NDCG@10 of BM25 with', SPLITS), rule, ...rows].join('\n');
}

function pairsOf({ type, attributes }: SampleQuery): string[] {
  return attributes.map((key) => `${type.name}/${key}`);
}

function risesWithAttributes(index: Bm25Index, query: SampleQuery): boolean {
  const [none, one, two] = [0, 1, 2].map((count) => {
    const known = { type: query.type, attributes: query.attributes.slice(0, count) };
    return ndcgOf(index, query, oracleRewrite(known));
  });
  return none < one && one < two;
}

function share<T>(items: readonly T[], is: (item: T) => boolean): number {
  return items.filter(is).length / items.length;
}

function countDistinctWords(products: readonly Product[], queries: readonly SampleQuery[]): number {
  const texts = [...products.flatMap(({ title, text }) => [title, text]), ...queries.map(({ text }) => text)];
  return new Set(texts.flatMap((text) => text.toLowerCase().match(/[a-z']+/g) ?? [])).size;
}
