/**
 * @file `npm run bench:retrieval`: documents and queries per second, memory and index size, and where they are installed the
 * same for Lucene (the Anserini jar inside Pyserini) and bm25s, one thread each, in one run on one machine.
 *
 *     npm run bench:retrieval -- [--lucene JAR --golden DIR] [--bm25s PYTHON] [--seconds 2] [--million]
 *
 * DIR is the scratch folder of test/golden/make-retrieval.ts, which holds Lucene's indexes. --million adds a made-up corpus of
 * a million documents.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../src/base/package-root.ts';
import { rngFrom } from '../../src/base/rng.ts';
import type { Document } from '../../src/data/task.ts';
import { type Bm25Index, buildBm25Index, searchBm25 } from '../../src/retrieval/bm25.ts';
import { readIndexFile, writeIndexFile } from '../../src/retrieval/index-file.ts';
import { GOLDEN_SETS, goldenDocuments } from '../golden/retrieval-sets.ts';

const { values } = parseArgs({
  options: {
    lucene: { type: 'string' },
    golden: { type: 'string' },
    bm25s: { type: 'string' },
    seconds: { type: 'string', default: '2' },
    million: { type: 'boolean' },
  },
});
const seconds = Number(values.seconds);
const data = join(packageRoot(), '../shared/data');
const LIMITS = [10, 100, 1000];

interface QuerySet {
  readonly name: string;
  readonly queries: readonly string[];
}

function column(file: string, key: string, keep: (row: Record<string, unknown>) => boolean = () => true): string[] {
  const rows = readFileSync(join(data, file), 'utf8').trim().split('\n');
  return rows.map((line) => JSON.parse(line) as Record<string, unknown>).filter(keep).map((row) => row[key] as string); // prettier-ignore
}

const SETS: readonly QuerySet[] = [
  { name: 'ESCI queries', queries: column('esci/queries/Sports_and_Outdoors.jsonl', 'text') },
  { name: 'Rec-R1 on Beauty', queries: column('amazon-beauty/released-metrics/rec-r1.inductive.jsonl', 'rewrite') },
  {
    name: 'Rec-R1 on ESCI',
    queries: column('esci/released-outputs.jsonl', 'generated_text', ({ system }) => /^rec-r1/i.test(system as string)),
  },
];

/** Calls per second, after a warm-up. */
function rate(queries: readonly string[], search: (query: string) => void): number {
  for (const query of queries.slice(0, 300)) search(query);
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < seconds * 1000) search(queries[count++ % queries.length]);
  return (count / (performance.now() - start)) * 1000;
}

type Rates = Readonly<Partial<Record<string, number>>>;

function ourRates(index: Bm25Index): Readonly<Record<string, number>> {
  const rows = SETS.flatMap(({ name, queries }) =>
    LIMITS.map((limit) => [`${name} ${limit}`, rate(queries, (query) => searchBm25(index, query, limit))] as const),
  );
  return Object.fromEntries(rows);
}

function luceneRates(
  set: string,
  request: string,
): Readonly<Partial<Record<string, { lucene: number; pyserini: number }>>> {
  if (!values.lucene || !values.golden) return {};
  const program = join(packageRoot(), 'test/bench/LuceneBench.java');
  const args = ['-cp', values.lucene, program, join(values.golden, set, 'index'), request];
  const output = execFileSync('java', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(output.trim().split('\n').at(-1)!) as ReturnType<typeof luceneRates>;
}

function bm25sRates(set: string, request: string): Rates {
  if (!values.bm25s || !values.golden) return {};
  const program = join(packageRoot(), 'test/bench/bm25s-bench.py');
  const corpus = join(values.golden, set, 'corpus/corpus.jsonl');
  return JSON.parse(execFileSync(values.bm25s, [program, corpus, request], { encoding: 'utf8' })) as Rates;
}

function build(documents: readonly Document[]): { index: Bm25Index; documentsPerSecond: number } {
  const start = performance.now();
  const index = buildBm25Index(documents);
  return { index, documentsPerSecond: (documents.length / (performance.now() - start)) * 1000 };
}

function ratio(ours: number, theirs: number | undefined): string {
  return theirs === undefined
    ? 'not run'.padStart(18)
    : `${theirs.toFixed(0)} (${(ours / theirs).toFixed(1)}×)`.padStart(18);
}

async function benchCorpus(name: string, scratch: string): Promise<void> {
  const documents = goldenDocuments(
    GOLDEN_SETS.find((set) => set.name === name)!,
    data,
  );
  const { index, documentsPerSecond } = build(documents);
  const file = join(scratch, `${name}.idx`);
  await writeIndexFile(file, index.postings, { path: '', sizeBytes: 0, modifiedMillis: 0, sha256: '' });
  const loading = performance.now();
  await readIndexFile(file);
  const loadMillis = performance.now() - loading;
  const request = join(scratch, 'request.json');
  writeFileSync(request, JSON.stringify({ sets: SETS, limits: LIMITS, seconds }));
  const ours = ourRates(index);
  const lucene = luceneRates(name, request);
  const bm25s = bm25sRates(name, request);
  console.log(
    `\n${name}: ${documents.length} documents, indexed at ${documentsPerSecond.toFixed(0)}/s (bm25s: ` +
      `${bm25s['documentsPerSecond']?.toFixed(0) ?? 'not run'}), file ${(statSync(file).size / 1e6).toFixed(2)} MB, ` +
      `read in ${loadMillis.toFixed(0)} ms`,
  );
  console.log(`${'queries/s'.padEnd(24)}${'ours'.padStart(10)}${['Lucene', 'Pyserini', 'bm25s'].map((who) => who.padStart(18)).join('')}`); // prettier-ignore
  for (const [key, value] of Object.entries(ours)) {
    const others = [lucene[key]?.lucene, lucene[key]?.pyserini, bm25s[key]].map((theirs) => ratio(value, theirs));
    console.log(`${key.padEnd(24)}${value.toFixed(0).padStart(10)}${others.join('')}`);
  }
}

/** A million documents of 60 words, drawn by Zipf's law from 200,000. */
function million(): Document[] {
  const rng = rngFrom(1, 'million');
  const word = (): string => `w${Math.floor(200_000 ** rng.next()).toString(36)}`;
  return Array.from({ length: 1_000_000 }, (_, i) => ({
    id: `d${i}`,
    title: '',
    text: Array.from({ length: 60 }, word).join(' '),
  }));
}

async function benchMillion(scratch: string): Promise<void> {
  const { index, documentsPerSecond } = build(million());
  const rng = rngFrom(2, 'queries');
  const queries = Array.from({ length: 200 }, () => Array.from({ length: 4 }, () => `w${Math.floor(200_000 ** rng.next()).toString(36)}`).join(' ')); // prettier-ignore
  const file = join(scratch, 'million.idx');
  await writeIndexFile(file, index.postings, { path: '', sizeBytes: 0, modifiedMillis: 0, sha256: '' });
  const loading = performance.now();
  await readIndexFile(file);
  const loadSeconds = (performance.now() - loading) / 1000;
  console.log(`\na million documents of 60 words: indexed at ${documentsPerSecond.toFixed(0)}/s, file ${(statSync(file).size / 1e6).toFixed(0)} MB, read in ${loadSeconds.toFixed(1)} s`); // prettier-ignore
  console.log(`${rate(queries, (query) => searchBm25(index, query, 100)).toFixed(0)} queries of 4 words/s at k = 100; peak memory ${(process.resourceUsage().maxRSS / 1e6).toFixed(1)} GB`); // prettier-ignore
}

const scratch = mkdtempSync(join(tmpdir(), 'rec-r1-bench-'));
try {
  for (const name of ['amazon-beauty', 'products']) await benchCorpus(name, scratch);
  if (values.million) await benchMillion(scratch);
} finally {
  rmSync(scratch, { recursive: true });
}
