import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Finished, recR1, recR1Json } from '../../fixtures/command-line.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const CORPUS = [
  { _id: 'd1', title: 'Cast iron pan', text: 'heavy pan' },
  { _id: 'd2', title: 'Glass lid', text: 'fits a pan' },
  { _id: 'd3', title: 'Jar', text: 'glass' },
];

function jsonLines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** A folder with a task of three documents and one query per split. */
function kitchen(test: TestContext): string {
  const dir = temporaryFolder(test);
  writeFileSync(join(dir, 'corpus.jsonl'), jsonLines(CORPUS));
  writeFileSync(
    join(dir, 'queries.jsonl'),
    jsonLines(['q1', 'q2', 'q3'].map((_id) => ({ _id, text: 'something to fry in' }))),
  );
  mkdirSync(join(dir, 'qrels'));
  ['train', 'validation', 'test'].forEach((split, i) => {
    writeFileSync(join(dir, 'qrels', `${split}.tsv`), `query-id\tcorpus-id\tscore\nq${i + 1}\td1\t1\n`);
  });
  return dir;
}

function assertRefused({ status, stdout, stderr }: Finished, pattern: RegExp): void {
  assert.match(stderr, pattern);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  assert.deepEqual([status, stdout], [1, '']);
}

describe('rec-r1', () => {
  it('prints its commands without arguments and with --help', async () => {
    const [bare, help] = await Promise.all([recR1(), recR1('--help')]);
    assert.equal(bare.status, 0);
    assert.equal(bare.stdout, help.stdout);
    for (const name of ['import', 'index', 'search', 'score', 'measure'])
      assert.match(help.stdout, new RegExp(`\n  ${name} `));
  });

  it('has a help for each command, also as JSON', async () => {
    const { stdout } = await recR1('search', '--help');
    assert.match(stdout, /^Usage: rec-r1 search --index DIR/);
    assert.match(stdout, /-k, --limit N/);
    assert.deepEqual(await recR1Json('search', '--help'), [{ help: stdout.trimEnd() }]);
  });

  it('suggests the nearest command and option', async () => {
    assertRefused(await recR1('serach', '--json'), /no command "serach"; did you mean "search"\?/);
    assertRefused(await recR1('search', '--indx', 'x', 'pan'), /search has no option --indx; did you mean --index\?/);
    assertRefused(await recR1('search', '--index'), /rec-r1 search: .*--index/);
    assertRefused(await recR1('measure', 'oops'), /"oops" is not expected here/);
    assertRefused(await recR1('constructor'), /no command "constructor"/);
  });
});

describe('rec-r1 index and search', () => {
  it('finds documents, for people and as JSON', async (test) => {
    const dir = kitchen(test);
    const index = join(dir, 'index');
    const [summary] = await recR1Json('index', '--corpus', join(dir, 'corpus.jsonl'), '--out', index);
    assert.deepEqual([(summary as { documents: number }).documents, (summary as { index: string }).index], [3, index]);
    const [answer] = await recR1Json('search', '--index', index, 'a PAN', '-k', '2');
    const { query, hits } = answer as { query: string; hits: { rank: number; id: string; score: number }[] };
    assert.equal(query, 'a PAN');
    assert.deepEqual(hits.map(({ rank, id }) => [rank, id]), [[1, 'd1'], [2, 'd2']]); // prettier-ignore
    assert.ok(hits[0].score > hits[1].score);
    const { stdout } = await recR1('search', '--index', index, 'pan', '-k', '1');
    assert.match(stdout, /^1\td1\t0\.\d{4}\n$/);
  });

  it('answers a file of queries with one line each, in order', async (test) => {
    const dir = kitchen(test);
    const index = join(dir, 'index');
    await recR1('index', '--corpus', join(dir, 'corpus.jsonl'), '--out', index);
    writeFileSync(join(dir, 'asked.jsonl'), jsonLines([{ _id: 7, text: 'jar' }, { _id: 'b', text: 'zeppelin' }])); // prettier-ignore
    const answers = (await recR1Json('search', '--index', index, '--queries', join(dir, 'asked.jsonl'))) as {
      _id: string;
      query: string;
      hits: { id: string }[];
    }[];
    assert.deepEqual(
      answers.map(({ _id, query, hits }) => [_id, query, hits.map(({ id }) => id)]),
      [
        ['7', 'jar', ['d3']],
        ['b', 'zeppelin', []],
      ],
    );
  });

  it('refuses a missing, foreign, damaged, cut or outdated index', async (test) => {
    const dir = kitchen(test);
    const index = join(dir, 'index');
    const file = join(index, 'bm25.idx');
    const corpus = join(dir, 'corpus.jsonl');
    const search = (): Promise<Finished> => recR1('search', '--index', index, 'pan', '--json');
    assertRefused(await search(), /There is no index at .*bm25\.idx; build one with rec-r1 index/);
    await recR1('index', '--corpus', corpus, '--out', index);
    const good = readFileSync(file);

    truncateSync(file, good.length - 5);
    assertRefused(await search(), /damaged or cut short/);
    writeFileSync(file, good.subarray(0, 10));
    assertRefused(await search(), /is not an index of rec-r1/);
    writeFileSync(file, 'PK\x03\x04 something else entirely');
    assertRefused(await search(), /is not an index of rec-r1/);
    const damaged = Buffer.from(good);
    damaged[good.length - 40] ^= 1;
    writeFileSync(file, damaged);
    assertRefused(await search(), /damaged or cut short/);
    const newer = Buffer.from(good);
    newer.writeUInt32LE(999, 8);
    writeFileSync(file, newer);
    assertRefused(await search(), /has format 999, and this version reads \d+/);

    writeFileSync(file, good);
    appendFileSync(corpus, '{"_id":"d4","title":"Pan"}\n');
    assertRefused(await search(), /corpus\.jsonl has changed since the index in .* was built/);
  });

  it('takes k1 and b at search time, and refuses impossible values', async (test) => {
    const dir = kitchen(test);
    const index = join(dir, 'index');
    await recR1('index', '--corpus', join(dir, 'corpus.jsonl'), '--out', index);
    const score = async (...options: string[]): Promise<number> => {
      const [answer] = await recR1Json('search', '--index', index, 'pan', ...options);
      return (answer as { hits: { score: number }[] }).hits[0].score;
    };
    assert.equal(await score('--bm25', 'paper'), await score());
    assert.equal(await score('--bm25', '0.9,0.4'), await score('--bm25', 'anserini'));
    assert.notEqual(await score(), await score('--bm25', 'anserini'));
    assertRefused(await recR1('search', '--index', index, 'pan', '--bm25', '1,2'), /--bm25 is "1,2"/);
    assertRefused(await recR1('search', '--index', index, 'pan', '-k', '0'), /-k is "0"; it must be a whole number/);
    assertRefused(await recR1('search', '--index', index), /The query is missing/);
    assertRefused(await recR1('search', 'pan'), /--index is missing/);
  });

  it('explains its hits, and a rewrite against its original', async (test) => {
    const dir = kitchen(test);
    const index = join(dir, 'index');
    await recR1('index', '--corpus', join(dir, 'corpus.jsonl'), '--out', index);
    const [answer] = await recR1Json('search', '--index', index, 'iron pan', '--explain', '--original', 'glass');
    const { hits, rewrite } = answer as {
      hits: { score: number; terms: { term: string; score: number }[] }[];
      rewrite: { terms: { term: string; change: string }[]; documents: { id: string; rankBefore: number | null }[] };
    };
    assert.equal(Math.fround(hits[0].terms[0].score + hits[0].terms[1].score), hits[0].score);
    assert.deepEqual(rewrite.terms.map(({ term, change }) => `${change} ${term}`), ['dropped glass', 'added iron', 'added pan']); // prettier-ignore
    assert.deepEqual(rewrite.documents.map(({ id, rankBefore }) => [id, rankBefore]), [['d1', null], ['d2', 2], ['d3', 1]]); // prettier-ignore
    const { stdout } = await recR1('search', '--index', index, 'iron pan', '--explain', '--original', 'glass');
    assert.match(stdout, /d1: rank none → 1, by /);
    assertRefused(
      await recR1('search', '--index', index, '--queries', 'x', '--explain'),
      /--explain works on one plain query/,
    );
  });

  it('searches in Lucene’s syntax when asked, and says when a query is none', async (test) => {
    const dir = kitchen(test);
    const [index, plain] = [join(dir, 'index'), join(dir, 'plain')];
    await recR1('index', '--corpus', join(dir, 'corpus.jsonl'), '--out', index, '--positions');
    await recR1('index', '--corpus', join(dir, 'corpus.jsonl'), '--out', plain);
    const found = async (query: string): Promise<unknown> => {
      const [answer] = await recR1Json('search', '--index', index, query, '--syntax', 'lucene');
      const { hits, note } = answer as { hits: { id: string }[]; note?: string };
      return [hits.map(({ id }) => id), note];
    };
    assert.deepEqual(await found('pan NOT glass'), [['d1'], undefined]);
    assert.deepEqual(await found('"glass lid" OR jar'), [['d2', 'd3'], undefined]);
    assert.deepEqual(await found('iron/glass'), [
      ['d1', 'd3', 'd2'],
      'This is not valid query syntax, for a slash stands alone (a pair of them encloses a regular expression); it was searched as plain words.',
    ]);
    const { stderr } = await recR1('search', '--index', index, '(pan', '--syntax', 'lucene');
    assert.match(
      stderr,
      /^\(pan: This is not valid query syntax, for a parenthesis is never closed; it was searched as/,
    );
    assertRefused(
      await recR1('search', '--index', plain, '"iron pan"', '--syntax', 'lucene'),
      /no word positions, which a phrase in quotation marks needs; build it again with rec-r1 index --positions/,
    );
    assertRefused(await recR1('search', '--index', index, 'pan', '--syntax', 'sql'), /--syntax is "sql"/);
    const paper = ['--syntax', 'lucene', '--paper-wrapper'];
    assertRefused(await recR1('search', '--index', index, 'pan', ...paper), /wrapper is for plain words/);
  });

  it('explains Lucene’s syntax, with the clause that keeps a document out', async (test) => {
    const dir = kitchen(test);
    const index = join(dir, 'index');
    await recR1('index', '--corpus', join(dir, 'corpus.jsonl'), '--out', index, '--positions');
    const query = ['"iron pan"^2 -lid +pan', '--syntax', 'lucene', '--explain', '--original', 'pan glass'];
    const { stdout } = await recR1('search', '--index', index, ...query);
    assert.match(stdout, /"iron pan" \(1 times here, in 1 documents\)/);
    assert.match(stdout, /added "iron pan" \(0 → 2\)/);
    assert.match(stdout, /d2: rank 1 → none, it has lid, which is forbidden/);
    assert.match(stdout, /d3: rank 3 → none, it lacks pan, which is required/);
  });

  it('writes no index for a broken corpus', async (test) => {
    const dir = kitchen(test);
    appendFileSync(join(dir, 'corpus.jsonl'), '{"_id":\n');
    const index = join(dir, 'index');
    assertRefused(
      await recR1('index', '--corpus', join(dir, 'corpus.jsonl'), '--out', index),
      /corpus\.jsonl, line 4: not valid JSON/,
    );
    assert.equal(existsSync(index), false);
    assertRefused(
      await recR1('index', '--corpus', join(dir, 'none.jsonl'), '--out', index),
      /none\.jsonl does not exist/,
    );
  });
});

describe('rec-r1 import', () => {
  it('writes the whole task or nothing', async (test) => {
    const dir = kitchen(test);
    const out = join(dir, 'imported');
    const { stdout } = await recR1('import', '--from', dir, '--out', out, '--format', 'beir');
    assert.match(stdout, /3 documents, 1 train, 1 validation, 1 test/);
    assert.deepEqual(readdirSync(out).sort(), ['corpus.jsonl', 'qrels', 'queries.jsonl']);
    assertRefused(await recR1('import', '--from', dir, '--out', out), /imported is not empty/);

    appendFileSync(join(dir, 'qrels/train.tsv'), 'q1\tmissing\t1\n');
    const before = readdirSync(dir);
    const broken = await recR1('import', '--from', dir, '--out', join(dir, 'other'));
    assertRefused(broken, /train\.tsv, line 3: the judged document "missing" is not in the corpus/);
    assert.deepEqual(readdirSync(dir), before);
    assertRefused(await recR1('import', '--from', dir, '--out', out, '--format', 'bier'), /--format is "bier"/);
  });
});

describe('rec-r1 score', () => {
  it('scores stored answers as training would', async (test) => {
    const dir = kitchen(test);
    const outputs = join(dir, 'answers.jsonl');
    const answer = (query: string): string => `<think>a pan</think><answer>{"query":"${query}"}</answer>`;
    writeFileSync(
      outputs,
      jsonLines([
        { _id: 'q1', generated_text: answer('iron pan') },
        { _id: 'q2', generated_text: 'just words' },
        { _id: 'q3', generated_text: answer('jar') },
        { _id: 'unknown', generated_text: answer('jar') },
      ]),
    );
    const [scoring] = await recR1Json('score', '--task', dir, '--outputs', outputs, '--metric', 'ndcg@10');
    assert.deepEqual(scoring, {
      metrics: { 'ndcg@10': 1 / 3 },
      rows: [
        { _id: 'q1', rewrite: 'iron pan', format: 'ok', reward: 1.1, metrics: { 'ndcg@10': 1 } },
        { _id: 'q2', rewrite: null, format: 'tags', reward: -2, metrics: { 'ndcg@10': 0 } },
        { _id: 'q3', rewrite: 'jar', format: 'ok', reward: 0, metrics: { 'ndcg@10': 0 } },
      ],
      groups: [],
      skipped: 1,
      skippedBecause: 'no example fits 1',
    });
    const [onlyTest] = await recR1Json('score', '--task', dir, '--outputs', outputs, '--split', 'test');
    assert.deepEqual((onlyTest as { rows: { _id: string }[] }).rows.map(({ _id }) => _id), ['q3']); // prettier-ignore
  });

  it('refuses what it cannot score', async (test) => {
    const dir = kitchen(test);
    const outputs = join(dir, 'answers.jsonl');
    const score = (...options: string[]): Promise<Finished> =>
      recR1('score', '--task', dir, '--outputs', outputs, ...options);
    writeFileSync(outputs, jsonLines([{ _id: 'zzz', generated_text: '' }]));
    assertRefused(await score(), /No row of .*answers\.jsonl has the _id of an example/);
    writeFileSync(outputs, jsonLines([{ _id: 'q1' }]));
    assertRefused(
      await score(),
      /answers\.jsonl, line 1: the answer must be in one of "generated_text", .*got nothing/,
    );
    assertRefused(await score('--metric', 'ndcg@1000'), /ndcg@1000 needs more than the 100 ranks/);
    assertRefused(await score('--split', 'tset'), /--split is "tset"/);
    assertRefused(await score('--set', 'reward.kk=3'), /no setting "reward\.kk"; did you mean "reward\.k"/);
  });
});

describe('rec-r1 measure', () => {
  it('measures lists with either rule for duplicates', async (test) => {
    const lists = join(temporaryFolder(test), 'lists.jsonl');
    writeFileSync(
      lists,
      jsonLines([
        { _id: 1, retrieved: ['A', 'B'], relevant: ['A', 'A', 'A'] },
        { _id: 'b', retrieved: ['C'], target: 'A' },
      ]),
    );
    const measure = (...options: string[]): Promise<unknown[]> =>
      recR1Json('measure', '--lists', lists, '--metric', 'ndcg@100', ...options);
    assert.deepEqual(await measure(), [
      {
        metrics: { 'ndcg@100': 0.5 },
        rows: [
          { _id: '1', metrics: { 'ndcg@100': 1 } },
          { _id: 'b', metrics: { 'ndcg@100': 0 } },
        ],
      },
    ]);
    const [paper] = (await measure('--duplicates', 'paper')) as { rows: { metrics: Record<string, number> }[] }[];
    assert.equal(paper.rows[0].metrics['ndcg@100'].toFixed(3), '0.469');
    assertRefused(await recR1('measure', '--lists', lists, '--metric', 'ndgc@10'), /"ndgc@10" is no metric/);
    assertRefused(await recR1('measure', '--lists', lists, '--duplicates', 'all'), /--duplicates is "all"/);
    writeFileSync(lists, '');
    assertRefused(await recR1('measure', '--lists', lists), /lists\.jsonl holds no row/);
  });
});
