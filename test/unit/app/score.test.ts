import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parseMetrics } from '../../../src/app/measure.ts';
import { type ScoreOptions, type Scoring, scoreOutputs } from '../../../src/app/score.ts';
import { openTask } from '../../../src/data/open-task.ts';
import { promptMessages } from '../../../src/data/prompt.ts';
import { readRollouts } from '../../../src/data/rollouts.ts';
import { buildBm25Index } from '../../../src/retrieval/bm25/bm25.ts';
import { bm25Retriever } from '../../../src/retrieval/bm25/bm25-retriever.ts';
import { dataFolder, jsonLines } from '../../fixtures/data-folder.ts';

const SHAPE = { k: 10, malformed: -2, miss: 0, format: 0.1 };

function shop(test: TestContext): string {
  return dataFolder(test, {
    'corpus.jsonl': jsonLines(['pan', 'lid', 'wok', 'cup'].map((title) => ({ _id: title, title, text: '' }))),
    'queries.jsonl': jsonLines([
      { _id: 'q1', text: 'something to fry in' },
      { _id: 'q2', text: 'cover' },
      { _id: 'q3', text: 'cover' },
    ]),
    'qrels/train.tsv': 'q1\tpan\t1\n',
    'qrels/test.tsv': 'q2\tlid\t1\nq3\tcup\t1\n',
  });
}

async function score(
  test: TestContext,
  files: Readonly<Record<string, string>>,
  options: Partial<ScoreOptions> = {},
): Promise<Scoring> {
  const task = await openTask(shop(test));
  const outputs = dataFolder(test, files);
  const [name] = Object.keys(files);
  const path = Object.keys(files).length === 1 ? join(outputs, name) : outputs;
  return scoreOutputs(task, readRollouts(path), path, bm25Retriever(buildBm25Index(task.documents)), {
    shape: SHAPE,
    metrics: parseMetrics(['ndcg@10']),
    ...options,
  });
}

const answer = (query: string): string => `<think>x</think><answer>${JSON.stringify({ query })}</answer>`;
const rewards = ({ rows }: Scoring): unknown[] => rows.map(({ _id, reward }) => [_id, reward]);

describe('scoreOutputs', () => {
  it('finds the example by the question between back-ticks in TRL’s prompts', async (test) => {
    const prompt = promptMessages({ query: 'something to fry in' }, 'paper').map(({ content }) => content).join('\n'); // prettier-ignore
    const rows = [
      { step: 1, prompt, completion: answer('pan'), advantage: 1 },
      { step: 1, prompt, completion: 'pan', advantage: -1 },
      { step: 2, prompt, completion: answer('cup'), advantage: -1 },
    ];
    const scoring = await score(test, { 'completions_00001.jsonl': jsonLines(rows) }, { by: 'step' });
    assert.deepEqual(rewards(scoring), [['q1', 1.1], ['q1', -2], ['q1', 0]]); // prettier-ignore
    assert.deepEqual(scoring.groups, [
      { name: '1', answers: 2, metrics: { 'ndcg@10': 0.5 } },
      { name: '2', answers: 1, metrics: { 'ndcg@10': 0 } },
    ]);
  });

  it('carries what the recommender said of a search', async (test) => {
    const task = await openTask(shop(test));
    const rows = ['pan AND wok', 'pan/wok'].map((query) => ({ _id: 'q1', generated_text: answer(query) }));
    const outputs = join(dataFolder(test, { 'answers.jsonl': jsonLines(rows) }), 'answers.jsonl');
    const retriever = bm25Retriever(buildBm25Index(task.documents), { syntax: 'lucene' });
    const scoring = await scoreOutputs(task, readRollouts(outputs), outputs, retriever, {
      shape: SHAPE,
      metrics: parseMetrics(['ndcg@10']),
    });
    assert.deepEqual(rewards(scoring), [['q1', 0], ['q1', 1.1]]); // prettier-ignore
    assert.equal(scoring.rows[0].note, undefined);
    assert.match(scoring.rows[1].note!, /a slash stands alone .*searched as plain words/);
  });

  it('reads verl’s dumps, a folder of them in the order of the steps, with targets of their own', async (test) => {
    const row = (step: number, output: string, gts: unknown): object =>
      ({ input: 'system\nuser\nunknown question', output, gts, score: 0, step }); // prettier-ignore
    const scoring = await score(
      test,
      {
        '10.jsonl': jsonLines([row(10, answer('lid'), 'lid')]),
        '9.jsonl': jsonLines([row(9, answer('wok'), { target: ['wok', 'wok'] }), row(9, answer('x'), 'gone')]),
      },
      { by: 'step' },
    );
    assert.deepEqual(scoring.rows.map(({ reward, group }) => [group, reward]), [['9', 1.1], ['10', 1.1]]); // prettier-ignore
    assert.deepEqual([scoring.skipped, scoring.skippedBecause], [1, 'targets not in the corpus 1']);
  });

  it('knows what TRL and verl made of an answer, and which answers they compared', async (test) => {
    const rows = [
      { step: 1, prompt: 'something to fry in', completion: answer('pan'), advantage: 0.7 },
      { step: 2, input: 'something to fry in', output: answer('cup'), score: -2 },
      { step: 2, input: 'something to fry in', output: answer('lid'), score: 1 },
      { _id: 'q1', completion: answer('pan') },
    ];
    const scoring = await score(test, { 'a.jsonl': jsonLines(rows) });
    const [trl, verl, sibling, other] = scoring.rows.map(({ trained }) => trained);
    assert.equal(trl?.advantage, 0.7);
    assert.deepEqual([verl?.reward, sibling?.reward], [-2, 1]);
    assert.deepEqual([verl, trl].map((found) => found?.group === sibling?.group), [true, false]); // prettier-ignore
    assert.equal(other, undefined);
  });

  it('does not trust an id where the targets are others', async (test) => {
    const rows = [
      { _id: 'q1', generated_text: answer('pan'), relevant: ['pan', 'pan'] },
      { _id: 'q1', generated_text: answer('wok'), relevant: ['wok'] },
    ];
    const scoring = await score(test, { 'a.jsonl': jsonLines(rows) });
    assert.deepEqual(rewards(scoring), [['q1', 1.1], ['q1', 1.1]]); // prettier-ignore
  });

  it('tells examples of one question apart by their targets, and skips the answer when it has none', async (test) => {
    const rows = [
      { query: 'cover', response: answer('cup'), target: 'cup' },
      { query: 'cover', response: answer('cup') },
    ];
    const scoring = await score(test, { 'a.jsonl': jsonLines(rows) });
    assert.deepEqual(rewards(scoring), [['q3', 1.1]]);
    assert.equal(scoring.skippedBecause, 'several examples fit 1');
  });

  it('counts an answer that its program had read as JSON, and that is no text, as one in a wrong format', async (test) => {
    const rows = [
      { _id: 'q1', generated_text: { first_query: 'pan' } },
      { _id: 'q1', generated_text: ['pan'] },
    ];
    const scoring = await score(test, { 'a.jsonl': jsonLines(rows) }, { bare: true });
    assert.deepEqual(scoring.rows.map(({ format, reward }) => [format, reward]), [['no-query', -2], ['no-query', -2]]); // prettier-ignore
  });

  it('takes a rewrite as it is, and a CSV as well', async (test) => {
    const scoring = await score(test, { 'a.csv': '_id,rewrite\nq1,pan\nq2,pan\n' });
    assert.deepEqual(rewards(scoring), [['q1', 1.1], ['q2', 0]]); // prettier-ignore
  });

  it('keeps a place in the ideal ranking for a target listed twice, by the paper’s rule', async (test) => {
    const file = { 'a.jsonl': jsonLines([{ _id: 'q1', rewrite: 'pan', relevant: ['pan', 'pan'] }]) };
    assert.equal((await score(test, file)).metrics['ndcg@10'], 1);
    const paper = await score(test, file, { duplicates: 'paper' });
    assert.equal(paper.metrics['ndcg@10'], 1 / (1 + 1 / Math.log2(3)));
  });

  it('names what is wrong', async (test) => {
    const refused = async (
      files: Record<string, string>,
      pattern: RegExp,
      options?: Partial<ScoreOptions>,
    ): Promise<void> => assert.rejects(score(test, files, options), pattern);
    await refused({ 'a.jsonl': jsonLines([{ _id: 'q9', rewrite: 'x' }]) }, /No row of .* \(no example fits 1\)/);
    await refused({ 'a.jsonl': '' }, /No row of .* \(no rows\)/);
    await refused({ 'a.jsonl': '{"_id":"q1","completion":null}' }, /line 1: the answer must be in one of .*got null/);
    await refused({ 'a.jsonl': '{"_id":"q1","rewrite":"x"}' }, /line 1: "step" must be an id/, { by: 'step' });
    await refused({ 'a.txt': 'x' }, /a\.txt is no table that can be read; its name must end in \.csv/);
    await refused(
      { 'a.jsonl': '{"_id":"q1","rewrite":"x","target":{"a":1}}' },
      /line 1: "target" must be an id.*got nothing/,
    );
  });
});
