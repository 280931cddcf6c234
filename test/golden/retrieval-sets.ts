/** @file What Lucene's rankings are compared on: corpora, queries and parameters, for the maker and for the test. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Document } from '../../src/data/task.ts';
import { ANSERINI_BM25, type Bm25Params, PAPER_BM25 } from '../../src/retrieval/bm25/bm25.ts';
import { hostileCorpus, hostileQueries } from './hostile.ts';
import { syntaxQueries } from './syntax-queries.ts';

export interface GoldenSet {
  readonly name: string;
  /** Path in the shared data; nothing for the corpus that is made here. */
  readonly corpus: string | undefined;
  readonly params: Bm25Params;
  queries(sharedData: string): string[];
  /** Queries for the classic query syntax. */
  readonly syntax?: (sharedData: string) => string[];
}

/** Ranks that are compared. */
export const LIMIT = 1000;

/** What golden.json holds for one query, as LuceneGolden.java wrote it. */
export interface GoldenAnswer {
  readonly count: number;
  /** First 12 digits of the SHA-256 of the ids, joined by line feeds. */
  readonly ids: string;
  /** The same of the scores, as big-endian float32. */
  readonly scores: string;
  readonly list?: readonly (readonly [id: string, score: number])[];
}

/** What syntax.json in the scratch folder holds for one query. */
export type SyntaxAnswer = GoldenAnswer | { readonly error: string };

/** One line of test/golden/syntax.json: thousands of queries are to stay small. */
export function syntaxLine(answer: SyntaxAnswer): string {
  return 'error' in answer ? 'error' : `${answer.count} ${answer.ids.slice(0, 8)} ${answer.scores.slice(0, 8)}`;
}

export type GoldenFile = Readonly<Record<string, readonly GoldenAnswer[]>>;

type Row = Readonly<Record<string, unknown>>;

function rows(file: string): Row[] {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Row]));
}

function texts(file: string, key: string): string[] {
  return rows(file).map((row) => String(row[key]));
}

function everyNth<T>(items: readonly T[], n: number): T[] {
  return items.filter((_, i) => i % n === 0);
}

const ESCI_DOMAINS = ['Video_Games', 'Baby_Products', 'Office_Products', 'Sports_and_Outdoors'];

function esciQueries(data: string): string[] {
  return ESCI_DOMAINS.flatMap((domain) => texts(join(data, 'esci/queries', `${domain}.jsonl`), 'text'));
}

function beautyRewrites(data: string): string[] {
  return ['rec-r1', 'gpt-4o'].flatMap((who) =>
    texts(join(data, `amazon-beauty/released-metrics/${who}.inductive.jsonl`), 'rewrite'),
  );
}

export const GOLDEN_SETS: readonly GoldenSet[] = [
  {
    name: 'cranfield',
    corpus: 'cranfield/corpus.jsonl',
    params: PAPER_BM25,
    queries: (data) => [...texts(join(data, 'cranfield/queries.jsonl'), 'text'), ...hostileQueries()],
    syntax: (data) => [
      ...syntaxQueries({
        words: ['wing', 'flow', 'pressure', 'heat', 'layer', 'supersonic'],
        phrase: 'boundary layer',
      }),
      ...texts(join(data, 'cranfield/queries.jsonl'), 'text'),
      ...hostileQueries(),
    ],
  },
  {
    name: 'cranfield-anserini',
    corpus: 'cranfield/corpus.jsonl',
    params: ANSERINI_BM25,
    queries: (data) => texts(join(data, 'cranfield/queries.jsonl'), 'text'),
  },
  {
    name: 'amazon-beauty',
    corpus: 'amazon-beauty/corpus.jsonl',
    params: PAPER_BM25,
    queries: (data) => [
      ...beautyRewrites(data),
      ...texts(join(data, 'amazon-beauty/reviews/queries.jsonl'), 'text'),
      ...hostileQueries(),
    ],
    syntax: (data) => [
      ...syntaxQueries({ words: ['hair', 'skin', 'oil', 'nail', 'brush', 'organic'], phrase: 'essential oil' }),
      ...beautyRewrites(data),
    ],
  },
  {
    name: 'products',
    corpus: 'products/corpus.jsonl.gz',
    params: PAPER_BM25,
    queries: (data) => [
      ...esciQueries(data),
      ...esciQueries(data).map((query) => `(contents:${query})`),
      ...everyNth(texts(join(data, 'esci/released-outputs.jsonl'), 'generated_text'), 8),
      ...hostileQueries(),
    ],
    syntax: (data) => [
      ...syntaxQueries({ words: ['black', 'set', 'kids', 'ball', 'controller', 'wireless'], phrase: 'xbox one' }),
      ...everyNth(texts(join(data, 'esci/released-outputs.jsonl'), 'generated_text'), 4),
    ],
  },
  {
    name: 'hostile',
    corpus: undefined,
    params: PAPER_BM25,
    queries: hostileQueries,
    syntax: () => [
      ...syntaxQueries({ words: ['running', 'b', 'contents', 'generalization', '1', 'é'], phrase: 'the running' }),
      ...hostileQueries(),
    ],
  },
];

/** The documents of a set, read without the code under test. */
export function goldenDocuments(set: GoldenSet, sharedData: string): Document[] {
  if (set.corpus === undefined) return hostileCorpus();
  return rows(join(sharedData, set.corpus)).map((row) => ({
    id: String(row['_id']),
    title: (row['title'] ?? '') as string,
    text: (row['text'] ?? '') as string,
  }));
}
