/**
 * @file `npm run bench:retrieval`: our BM25 against Lucene (the Anserini jar inside Pyserini) and bm25s, each in a process of
 * its own on the same corpora and queries, one after the other on the same machine: documents and queries per second, memory,
 * size on disk. Medians over repeats, and how many times as fast we are.
 *
 *     npm run bench:retrieval -- [--lucene JAR] [--bm25s PYTHON] [--seconds 0.5] [--repeats 3] [--corpus NAME]... [--million]
 *
 * PYTHON is an interpreter that has bm25s and PyStemmer, and numba for its faster back end. --million adds a made-up corpus of
 * a million documents, without bm25s, which holds all texts in memory.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../src/base/package-root.ts';
import { rngFrom } from '../../src/base/rng.ts';
import { documentText } from '../../src/data/document-text.ts';
import type { Document } from '../../src/data/task.ts';
import { GOLDEN_SETS, goldenDocuments } from '../golden/retrieval-sets.ts';
import type { BenchAnswer, BenchRequest } from './retrieval-request.ts';

const { values } = parseArgs({
  options: {
    lucene: { type: 'string' },
    bm25s: { type: 'string' },
    seconds: { type: 'string', default: '0.5' },
    repeats: { type: 'string', default: '3' },
    corpus: { type: 'string', multiple: true, default: ['amazon-beauty', 'products'] },
    million: { type: 'boolean', default: false },
  },
});
const data = join(packageRoot(), '../shared/data');
const threads = availableParallelism();

interface Corpus {
  readonly name: string;
  /** The same each time. */
  readonly documents: () => Iterable<Document>;
  readonly sets: BenchRequest['sets'];
}

function column(file: string, key: string, keep: (row: Record<string, unknown>) => boolean = () => true): string[] {
  const rows = readFileSync(join(data, file), 'utf8').trim().split('\n');
  return rows.map((line) => JSON.parse(line) as Record<string, unknown>).filter(keep).map((row) => String(row[key])); // prettier-ignore
}

/** Released answers to one query stand together, as the rewrites of a group do. */
function answersByQuery(): string[] {
  const rows = readFileSync(join(data, 'esci/released-outputs.jsonl'), 'utf8').trim().split('\n');
  const groups = new Map<string, string[]>();
  for (const line of rows) {
    const { _id, generated_text: text } = JSON.parse(line) as { _id: string; generated_text: unknown };
    groups.set(_id, [...(groups.get(_id) ?? []), String(text)]);
  }
  return [...groups.values()].flat();
}

function releasedCorpus(name: string): Corpus {
  const set = GOLDEN_SETS.find((known) => known.name === name);
  if (!set) throw new Error(`--corpus ${name}: there are ${GOLDEN_SETS.map((known) => known.name).join(', ')}`);
  const isRecR1 = ({ system }: Record<string, unknown>): boolean => /^rec-r1/i.test(system as string);
  return {
    name,
    documents: () => goldenDocuments(set, data),
    sets: [
      { name: 'short: ESCI queries', queries: column('esci/queries/Sports_and_Outdoors.jsonl', 'text') },
      { name: 'long: Rec-R1 on Beauty', queries: column('amazon-beauty/released-metrics/rec-r1.inductive.jsonl', 'rewrite') },
      { name: 'long: Rec-R1 on ESCI', queries: column('esci/released-outputs.jsonl', 'generated_text', isRecR1) },
      { name: 'groups: six models on ESCI', queries: answersByQuery() },
    ],
  }; // prettier-ignore
}

/** A million documents of 60 words, drawn by Zipf's law from 200,000. */
function millionCorpus(): Corpus {
  const words = (seed: number): ((count: number) => string) => {
    const rng = rngFrom(seed, 'million');
    return (count) =>
      Array.from({ length: count }, () => `w${Math.floor(200_000 ** rng.next()).toString(36)}`).join(' ');
  };
  const queries = words(2);
  function* documents(): Generator<Document> {
    const texts = words(1);
    for (let i = 0; i < 1_000_000; i++) yield { id: `d${i}`, title: '', text: texts(60) };
  }
  return {
    name: 'million',
    documents,
    sets: [4, 40].map((length) => ({
      name: `${length} words`,
      queries: Array.from({ length: 200 }, () => queries(length)),
    })),
  };
}

async function writeLines(
  file: string,
  documents: Iterable<Document>,
  row: (document: Document) => object,
): Promise<void> {
  function* lines(): Generator<string> {
    for (const document of documents) yield `${JSON.stringify(row(document))}\n`;
  }
  await pipeline(Readable.from(lines()), createWriteStream(file));
}

/** An engine that is there, and how it is started with a request. */
type Engine = (request: string) => string;

const engines: Readonly<Record<string, Engine | undefined>> = {
  ours: (request) => output(process.execPath, [join(packageRoot(), 'dist/test/bench/retrieval-ours.mjs'), request]),
  Lucene: values.lucene
    ? (request) => output('java', ['-cp', values.lucene!, join(packageRoot(), 'test/bench/LuceneBench.java'), request])
    : undefined,
  bm25s: bm25s('numpy'),
  'bm25s with numba': bm25s('numba'),
};

/** Its usual back end, or the one that compiles. */
function bm25s(backend: 'numpy' | 'numba'): Engine | undefined {
  const python = values.bm25s;
  if (python === undefined) return undefined;
  if (spawnSync(python, ['-c', `import bm25s, Stemmer, ${backend}`]).status !== 0) {
    console.log(`${python} lacks bm25s, PyStemmer or ${backend}: no comparison with bm25s on ${backend}.`);
    return undefined;
  }
  return (request) => output(python, [join(packageRoot(), 'test/bench/bm25s-bench.py'), request, backend]);
}

function output(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 28 });
}

function ask(engine: Engine, request: BenchRequest, file: string): BenchAnswer {
  writeFileSync(file, JSON.stringify(request));
  return JSON.parse(engine(file).trim().split('\n').at(-1)!) as BenchAnswer;
}

async function benchCorpus({ name, documents, sets }: Corpus, scratch: string): Promise<void> {
  const dir = join(scratch, name);
  const [corpus, luceneCorpus] = [join(dir, 'corpus.jsonl'), join(dir, 'lucene')];
  mkdirSync(luceneCorpus, { recursive: true });
  const text = documentText;
  await writeLines(corpus, documents(), (document) => ({ _id: document.id, title: '', text: text(document) }));
  const forLucene = join(luceneCorpus, 'corpus.jsonl');
  await writeLines(forLucene, documents(), (document) => ({ id: document.id, contents: text(document) }));
  const limits = [10, 100, 1000];
  const answers: Record<string, BenchAnswer> = {};
  for (const [engineName, engine] of Object.entries(engines)) {
    if (!engine || (name === 'million' && engineName.startsWith('bm25s'))) continue;
    const index = join(dir, `index-${engineName}`);
    if (engineName !== 'Lucene') mkdirSync(index);
    const numbers = { limits, seconds: Number(values.seconds), repeats: Number(values.repeats), threads };
    answers[engineName] = ask(engine, { corpus, luceneCorpus, index, sets, ...numbers }, join(dir, 'request.json'));
  }
  reportIndexing(name, answers);
  for (const set of sets) for (const limit of limits) reportRates(`${set.name} ${limit}`, answers);
  rmSync(dir, { recursive: true });
}

function reportIndexing(name: string, answers: Readonly<Record<string, BenchAnswer>>): void {
  const { ours } = answers;
  console.log(`\n${name}`);
  for (const [engine, { documentsPerSecond, indexBytes, peakBytes, openMillis }] of Object.entries(answers)) {
    const rate = `${documentsPerSecond.toFixed(0)} documents/s`;
    const size = `${(indexBytes / 1e6).toFixed(2)} MB on disk`;
    const open = openMillis === undefined ? '' : `, opened in ${openMillis.toFixed(0)} ms`;
    const ratios = engine === 'ours' ? '' : ` (ours: ${times(ours.documentsPerSecond / documentsPerSecond)} the rate, ${times(ours.indexBytes / indexBytes)} the size)`; // prettier-ignore
    console.log(`  ${engine}: ${rate}, ${size}${open}, peak ${(peakBytes / 1e9).toFixed(2)} GB${ratios}`);
  }
  console.log('  queries/s, and how many times as fast we are');
}

/** Our lists and our ranks, which are all that training needs, against the lists of the others: they have nothing else. */
function reportRates(key: string, answers: Readonly<Record<string, BenchAnswer>>): void {
  const { ours, ...others } = answers;
  const rate = (answer: BenchAnswer, way: string): number => median(answer.rates[`${way} ${key}`] ?? []);
  const [lists, ranks, allThreads] = ['lists', 'ranks', 'ranks, all threads'].map((way) => rate(ours, way));
  console.log(`  ${key}`);
  console.log(`    ours: lists ${lists.toFixed(0)}, ranks ${ranks.toFixed(0)}, ranks with the cache ${rate(ours, 'ranks, cached').toFixed(0)}, ranks on ${threads} threads ${allThreads.toFixed(0)}`); // prettier-ignore
  for (const [name, answer] of Object.entries(others)) {
    const [one, pyserini, all] = ['one thread', 'Pyserini, one thread', 'all threads'].map((way) => rate(answer, way));
    const withTexts = Number.isNaN(pyserini) ? '' : `; Pyserini ${pyserini.toFixed(0)} (lists ${times(lists / pyserini)})`; // prettier-ignore
    console.log(`    ${name}: ${one.toFixed(0)} (lists ${times(lists / one)}, ranks ${times(ranks / one)})${withTexts}; on ${threads} threads ${all.toFixed(0)} (ranks ${times(allThreads / all)})`); // prettier-ignore
  }
}

function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 0)}×`;
}

/** NaN of nothing. */
function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? NaN;
}

for (const [option, path] of Object.entries({ lucene: values.lucene, bm25s: values.bm25s })) {
  if (path === undefined) console.log(`--${option} is not given: no comparison with it.`);
  else if (!existsSync(path)) throw new Error(`--${option} ${path} does not exist`);
}
console.log(`${cpus()[0].model}, ${threads} threads, load ${loadavg()[0].toFixed(1)} at the start; medians of ${values.repeats}`); // prettier-ignore
const scratch = mkdtempSync(join(tmpdir(), 'rec-r1-bench-'));
try {
  for (const name of values.corpus) await benchCorpus(releasedCorpus(name), scratch);
  if (values.million) await benchCorpus(millionCorpus(), scratch);
} finally {
  rmSync(scratch, { recursive: true });
}
