/** @file The sample as files in the BEIR layout, in memory: a pure function of the seed. */
import { SPLITS, type Split } from '../../data/task.ts';
import { makeProducts } from './catalogue.ts';
import { figuresOf, figuresTable, type SampleFigures } from './figures.ts';
import { makeQueries, oracleRewrite, type SampleQuery } from './queries.ts';

/** The seed of the sample that ships. Another one makes another sample of the same kind. */
export const SAMPLE_SEED = 7;

export interface SampleFiles {
  readonly figures: SampleFigures;
  /** Content by path inside the sample's folder. */
  readonly contents: ReadonlyMap<string, string>;
}

/** Everything that lies in media/sample. */
export function makeSampleFiles(seed = SAMPLE_SEED): SampleFiles {
  const products = makeProducts(seed);
  const queries = makeQueries(seed, products);
  const figures = figuresOf(products, queries);
  const contents = new Map([
    ['corpus.jsonl', jsonLines(products.map(({ id, title, text }) => ({ _id: id, title, text })))],
    ['queries.jsonl', jsonLines(queries.map(({ id, text }) => ({ _id: id, text })))],
    ['oracle.jsonl', jsonLines(queries.map((query) => ({ _id: query.id, rewrite: oracleRewrite(query) })))],
    ...SPLITS.map((split): [string, string] => [`qrels/${split}.tsv`, judgmentLines(queries, split)]),
    ['README.md', readme(figures, seed)],
  ]);
  return { figures, contents };
}

function jsonLines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function judgmentLines(queries: readonly SampleQuery[], split: Split): string {
  const rows = queries
    .filter((query) => query.split === split)
    .flatMap(({ id, judgments }) => [...judgments].map(([product, grade]) => `${id}\t${product}\t${grade}\n`));
  return `query-id\tcorpus-id\tscore\n${rows.join('')}`;
}

function readme(figures: SampleFigures, seed: number): string {
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  return `# The sample task

An invented shop: ${figures.products} products of ${figures.types} types in ${figures.categories} categories, described in sellers' words, and queries in shoppers'
words. A seller writes "Lumbar Cushion"; a shopper types "something for my lower back when i sit all day". BM25 alone
cannot bridge that; a policy can learn to.

All of it is made by \`node src/tools/make-sample.ts\` (seed ${seed}) from hand-written phrases in \`src/tools/sample\`. The same
seed gives the same bytes. Brands are invented. Licence: MIT, like the rest of the project.

## Files

- \`corpus.jsonl\`, \`queries.jsonl\`, \`qrels/{train,validation,test}.tsv\`: the BEIR layout.
- \`oracle.jsonl\`: for every query the rewrite of someone who knows the sellers' words. For tests and as an upper bound;
  nothing may train on it.

## Queries and judgments

- A query asks for a type in a shopper's phrase and for none, one or two of ${figures.attributes} attributes (mean ${figures.attributesPerQuery.toFixed(2)}).
- Grades: 3 is the right type with all that was asked for, 2 the right type with a part of it, 1 the right type only.
- ${figures.queries.train} queries to train on, ${figures.queries.validation} to validate, ${figures.queries.test} to test.
- ${percent(figures.newPairShare)} of the test queries have a combination of type and attribute that no training query has; ${percent(figures.newPhrasingShare)} use a phrase
  for the type that no training query has.
- Corpus and queries have ${figures.distinctWords} distinct words.

## Figures

The reward is smooth: of the test queries with two attributes, ${percent(figures.risingShare)} score higher with each attribute that joins the
words of the type.

${figuresTable(figures)}
`;
}
