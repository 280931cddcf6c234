/** @file Vectors from the command line and in a training, with a tiny encoder. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { FusedAnswer, SearchAnswer } from '../../../src/app/search.ts';
import { packageRoot } from '../../../src/base/package-root.ts';
import { openRunReader } from '../../../src/runs/reader.ts';
import { type Finished, recR1, recR1Json } from '../../fixtures/command-line.ts';
import { train } from '../../fixtures/small-training.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { withEnvironment } from '../../fixtures/with-environment.ts';
import { TINY_ENCODER } from '../../golden/dense/golden-vectors.ts';

const DOCUMENTS = ['wireless mouse', 'baby bottle glass', 'running shoes', 'hdmi cable', 'coffee torch'];

function jsonLines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** A folder with a corpus and its index with vectors. */
async function indexed(test: TestContext, ...options: readonly string[]): Promise<{ dir: string; index: string }> {
  const dir = temporaryFolder(test);
  const corpus = join(dir, 'corpus.jsonl');
  writeFileSync(corpus, jsonLines(DOCUMENTS.map((text, i) => ({ _id: `d${i}`, text }))));
  const index = join(dir, 'index');
  await recR1Json('index', '--corpus', corpus, '--out', index, '--encoder', TINY_ENCODER, ...options);
  return { dir, index };
}

const idsOf = ({ hits }: SearchAnswer): string[] => hits.map(({ id }) => id);

function assertRefused({ status, stdout, stderr }: Finished, sentence: RegExp): void {
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, sentence);
  assert.equal(stderr.trim().split('\n').length, 1);
}

describe('rec-r1 index --encoder and search --dense', () => {
  for (const vectors of ['float32', 'int8']) {
    it(`find a document by its own text first, with ${vectors} vectors`, async (test) => {
      const { index } = await indexed(test, '--vectors', vectors);
      for (const [i, text] of DOCUMENTS.entries()) {
        const [answer] = (await recR1Json('search', '--index', index, '--dense', text)) as SearchAnswer[];
        assert.equal(answer.hits.length, DOCUMENTS.length);
        assert.equal(answer.hits[0].id, `d${i}`);
        assert.ok(Math.abs(answer.hits[0].score - 1) < 0.02);
      }
    });
  }

  it('take vectors that were computed elsewhere', async (test) => {
    const dir = temporaryFolder(test);
    const file = join(dir, 'vectors.jsonl');
    const rows = DOCUMENTS.map((_, i) => ({ _id: `d${i}`, vector: Array.from({ length: 36 }, (_value, at) => Number(at === i)) })); // prettier-ignore
    writeFileSync(file, jsonLines(rows.toReversed()));
    const { index } = await indexed(test, '--import-vectors', file);
    const [answer] = (await recR1Json('search', '--index', index, '--dense', 'mouse')) as SearchAnswer[];
    assert.deepEqual(idsOf(answer).sort(), ['d0', 'd1', 'd2', 'd3', 'd4']);

    const refused = async (changed: readonly object[], sentence: RegExp): Promise<void> => {
      writeFileSync(file, jsonLines(changed));
      const corpus = join(index, '../corpus.jsonl');
      const finished = await recR1('index', '--corpus', corpus, '--out', join(dir, 'x'), '--encoder', TINY_ENCODER, '--import-vectors', file); // prettier-ignore
      assert.equal(finished.status, 1);
      assert.match(finished.stderr, sentence);
      assert.ok(!existsSync(join(dir, 'x/dense.vectors')));
    };
    await refused(rows.slice(1), /vectors\.jsonl lacks 1 of 5 documents, such as "d0"\.$/m);
    await refused([...rows, rows[0]], /line 6: document "d0" is not in the corpus or has a vector already\.$/m);
    await refused([{ _id: 'd0', vector: [1, 2] }], /line 1: the vector has 2 values; all vectors must have 36\.$/m);
    await refused([{ _id: 'd0', vector: rows[0].vector.map(() => null) }], /line 1: value 1 of the vector is null; it must be a finite number\.$/m); // prettier-ignore
    await refused([{ _id: 'd0', vector: 'x' }], /line 1: "vector" must be a list of numbers, got "x"\.$/m);
  });

  it('refuse vectors that are missing, damaged, of a corpus that has changed or of another encoder', async (test) => {
    const { dir, index } = await indexed(test, '--pooling', 'cls', '--document-prefix', 'd: ');
    const search = (...options: readonly string[]): Promise<Finished> =>
      recR1('search', '--index', index, '--dense', 'shoes', ...options);
    const moved = join(dir, 'moved');
    cpSync(TINY_ENCODER, moved, { recursive: true });
    assert.equal((await search('--encoder', moved)).status, 0);
    writeFileSync(join(moved, 'config.json'), `${readFileSync(join(moved, 'config.json'), 'utf8')}\n`);
    assertRefused(await search('--encoder', moved), /dense\.vectors was made with the encoder .*tiny as it was then/);
    assertRefused(await search('--hybrid'), /--dense and --hybrid exclude each other/);
    assertRefused(await search('--explain'), /--explain does not work with --dense/);
    assertRefused(await search('--device', 'tpu'), /--device is "tpu"; it must be cpu, webgpu/);

    const corpus = join(dir, 'corpus.jsonl');
    writeFileSync(corpus, jsonLines([{ _id: 'd0', text: 'another' }]));
    assertRefused(await search(), /corpus\.jsonl has changed since the vectors in .* were made/);
    truncateSync(join(index, 'dense.vectors'), 300);
    assertRefused(await search(), /dense\.vectors is damaged or cut short/);
    await recR1Json('index', '--corpus', corpus, '--out', join(dir, 'words'));
    assertRefused(await recR1('search', '--index', join(dir, 'words'), '--dense', 'x'), /There are no vectors at/);
    assertRefused(await recR1('index', '--corpus', corpus, '--out', index, '--pooling', 'cls'), /--pooling is of use with an encoder only/); // prettier-ignore
  });
});

describe('rec-r1 search --hybrid', () => {
  it('fuses words and meaning, for one query and for a file of them', async (test) => {
    const { dir, index } = await indexed(test);
    const [answer] = (await recR1Json(
      'search',
      '--index',
      index,
      '--hybrid',
      '--explain',
      'hdmi cable',
    )) as FusedAnswer[];
    assert.equal(answer.hits[0].id, 'd3');
    assert.deepEqual(
      answer.hits[0].parts.map(({ retriever, rank, contribution }) => [retriever, rank, contribution]),
      [
        ['bm25(k1=1.2,b=0.75)', 1, 1 / 61],
        ['dense(tiny,float32)', 1, 1 / 61],
      ],
    );
    const queries = join(dir, 'queries.jsonl');
    writeFileSync(queries, jsonLines([{ _id: 'a', text: 'hdmi cable' }, { _id: 'b', text: 'zeppelin' }])); // prettier-ignore
    const answers = (await recR1Json('search', '--index', index, '--hybrid', '--queries', queries)) as SearchAnswer[];
    assert.deepEqual(idsOf(answers[0]), idsOf(answer));
    assert.equal(answers[1].hits.length, DOCUMENTS.length);

    const weighted = ['--hybrid', '--fusion', 'min-max', '--weights', '1,0', 'hdmi cable'];
    const [words] = (await recR1Json('search', '--index', index, ...weighted)) as SearchAnswer[];
    assert.equal(words.hits[0].score, 1);
    assertRefused(await recR1('search', '--index', index, '--hybrid', '--weights', '1', 'x'), /--weights is "1"; give two numbers/); // prettier-ignore
  });
});

describe('a packaged Rec-R1, which has no node_modules', () => {
  it('says what to install and where, and then finds it in the folder that it works in', async (test) => {
    const { dir } = await indexed(test);
    const [home, work] = [join(dir, 'package'), join(dir, 'work')];
    for (const part of ['package.json', 'dist/cli.mjs', 'dist/chunks', 'dist/kernels']) {
      cpSync(join(packageRoot(), part), join(home, part), { recursive: true });
    }
    mkdirSync(work);
    const search = async (): Promise<{ stderr: string; stdout: string }> => {
      const args = [join(home, 'dist/cli.mjs'), 'search', '--index', join(dir, 'index'), '--dense', 'mouse', '-k', '1'];
      const options = { cwd: work, encoding: 'utf8' } as const;
      return promisify(execFile)(process.execPath, args, options).catch((error: unknown) => error as Finished);
    };
    const sentence = `Dense retrieval needs the package @huggingface/transformers, which is not installed; run npm install @huggingface/transformers in ${realpathSync(work)}.`; // prettier-ignore
    assert.equal((await search()).stderr.trim(), sentence);
    symlinkSync(join(packageRoot(), 'node_modules'), join(work, 'node_modules'));
    assert.match((await search()).stdout, /^1\td\d\t/);
  });
});

describe('rec-r1 train with a dense recommender', () => {
  it('encodes the corpus on the first run and keeps the vectors for the next', async (test) => {
    const dir = temporaryFolder(test);
    withEnvironment(test, 'REC_R1_CACHE', join(dir, 'cache'));
    cpSync(TINY_ENCODER, join(dir, 'encoder'), { recursive: true });
    const spec = join(dir, 'shop.json');
    const dense = { kind: 'dense', encoder: 'encoder', vectors: 'int8' };
    writeFileSync(spec, JSON.stringify({ kind: 'hybrid', parts: [{ kind: 'bm25' }, dense], fusion: 'min-max' }));
    const [first, again] = [join(dir, 'first'), join(dir, 'again')];
    const rows = await train(first, { retriever: spec });
    const kept = readdirSync(join(dir, 'cache/vectors'));
    assert.equal(kept.length, 1);
    assert.match(kept[0], /^encoder-int8-[0-9a-f]{16}\.vectors$/);
    assert.equal((await train(again, { retriever: spec })).length, rows.length);
    assert.deepEqual(readdirSync(join(dir, 'cache/vectors')), kept);
    const reader = openRunReader(again);
    test.after(() => {
      reader.close();
    });
    assert.match(JSON.stringify(reader.info().config), /min-max/);
    assert.deepEqual(rows.map((row) => row['reward']), (await train(join(dir, 'third'), { retriever: spec })).map((row) => row['reward'])); // prettier-ignore
  });
});
