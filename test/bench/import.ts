/**
 * @file What an import of a million documents costs: `npm run bench:import [DOCUMENTS]`. Writes synthetic corpora of about 600
 * bytes a document, imports each in a process of its own, and fails when one takes 2 GB. Parquet is not among them, for this
 * project has no writer; a file of one row group made by pyarrow was measured by hand.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { importTask } from '../../src/app/import-task.ts';
import { rngFrom } from '../../src/base/rng.ts';
import { type WriteLine, writeLines } from '../../src/base/write-lines.ts';

const LIMIT_BYTES = 2e9;
const WORDS = 20_000;

const [mode = '1000000', from, out] = process.argv.slice(2);
if (mode === 'child') await importOnce(from, out);
else await compare(Number(mode));

async function importOnce(dir: string, target: string): Promise<void> {
  const started = performance.now();
  const { documents } = await importTask(dir, target);
  const seconds = (performance.now() - started) / 1000;
  console.log(JSON.stringify({ documents, seconds, peakBytes: process.resourceUsage().maxRSS * 1024 }));
}

async function compare(documents: number): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'rec-r1-bench-'));
  try {
    const sets = await writeSets(dir, documents);
    for (const set of sets) await report(set, join(dir, `${set}-imported`), join(dir, set));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function report(name: string, target: string, source: string): Promise<void> {
  const child = spawn(process.execPath, [process.argv[1], 'child', source, target], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [status] = (await once(child, 'close')) as [number];
  if (status !== 0) throw new Error(`The import of ${name} failed.`);
  const { documents, seconds, peakBytes } = JSON.parse(output) as Record<'documents' | 'seconds' | 'peakBytes', number>;
  console.log(
    `${name.padEnd(6)} ${documents} documents, ${seconds.toFixed(1)} s, peak ${(peakBytes / 1e6).toFixed(0)} MB`,
  );
  if (peakBytes > LIMIT_BYTES) process.exitCode = 1;
}

/** The same documents as JSON Lines, gzip-compressed, and as CSV, each with judgments. */
async function writeSets(dir: string, documents: number): Promise<string[]> {
  for (const set of ['jsonl', 'gzip', 'csv']) mkdirSync(join(dir, set));
  await writeDocuments(join(dir, 'jsonl/corpus.jsonl'), documents, (row) => JSON.stringify(row));
  await pipeline(
    createReadStream(join(dir, 'jsonl/corpus.jsonl')),
    createGzip({ level: 1 }),
    createWriteStream(join(dir, 'gzip/corpus.jsonl.gz')),
  );
  await writeDocuments(join(dir, 'csv/documents.csv'), documents, ({ _id, text }) => `${_id},"${text}"`, 'id,text');
  for (const set of ['jsonl', 'gzip']) {
    writeFileSync(join(dir, set, 'queries.jsonl'), '{"_id":"q1","text":"some words"}\n');
    writeFileSync(join(dir, set, 'qrels.tsv'), 'q1\tB000000000\t1\n');
  }
  writeFileSync(join(dir, 'csv/judgments.csv'), 'query,document\nsome words,B000000000\n');
  return ['jsonl', 'gzip', 'csv'];
}

async function writeDocuments(
  file: string,
  documents: number,
  format: (row: { readonly _id: string; readonly text: string }) => string,
  header?: string,
): Promise<void> {
  const rng = rngFrom(1, 'bench', 'import');
  const word = (): string =>
    Math.floor(rng.next() * WORDS)
      .toString(36)
      .padStart(5, 'x');
  await writeLines(file, async (write: WriteLine) => {
    if (header !== undefined) await write(header);
    for (let i = 0; i < documents; i++) {
      const text = Array.from({ length: 95 }, word).join(' ');
      await write(format({ _id: `B${String(i).padStart(9, '0')}`, text }));
    }
  });
}
