/** @file `rec-r1 evaluate --arm …`: every kind of arm, on purchases whose best answers are known. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { type Finished, recR1, recR1Json } from '../../fixtures/command-line.ts';
import { dataFolder, jsonLines } from '../../fixtures/data-folder.ts';
import { type LoopbackServer, serveLoopback } from '../../fixtures/loopback-server.ts';
import { train } from '../../fixtures/small-training.ts';
import { withEnvironment } from '../../fixtures/with-environment.ts';
import { TINY_ENCODER } from '../../golden/dense/golden-vectors.ts';

const STARTER = join(packageRoot(), 'media/starter');
/** No two share a word, so that a title as it is finds itself alone. */
const TITLES = { a: 'copper kettle', b: 'green tea', c: 'light tent', d: 'oil lantern', e: 'leather ball', f: 'hand pump' }; // prettier-ignore
/** Who has the first buys the second; the first pair is bought most. */
const BOUGHT = [['a', 'b', 4], ['c', 'd', 3], ['e', 'f', 2]] as const; // prettier-ignore
/** Rank 1, and what remains of it at some ranks. */
const [FIRST, THIRD, FIFTH] = [1, 3, 5].map((rank) => 1 / Math.log2(rank + 1));

interface Evaluated {
  readonly checkpoint: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly baseline: Readonly<Record<string, number>>;
  readonly cost: Readonly<Record<string, number>>;
  readonly training?: Readonly<Record<string, number>>;
  readonly note?: string;
  readonly perQuery: readonly { readonly query: string; readonly rewrite: string | null; readonly metrics: Readonly<Record<string, number>> }[]; // prettier-ignore
}

/** A task of nine shoppers to learn from, and two whose next purchase is to be found. */
function shop(test: TestContext): string {
  const bought = (user: string, history: string, target: string): object => ({ user_id: user, history: [history], target }); // prettier-ignore
  const learnt = BOUGHT.flatMap(([first, next, count]) => Array.from({ length: count }, (_, i) => bought(`${first}${i}`, first, next))); // prettier-ignore
  const asked = [bought('x', 'e', 'f'), bought('y', 'c', 'd')];
  return dataFolder(test, {
    'corpus.jsonl': jsonLines(Object.entries(TITLES).map(([_id, title]) => ({ _id, title }))),
    'sequences/train.jsonl': jsonLines(learnt),
    'sequences/validation.jsonl': jsonLines(asked),
    'sequences/test.jsonl': jsonLines(asked.toReversed()),
  });
}

/** By the arm's name in the table. */
async function evaluate(...args: readonly string[]): Promise<ReadonlyMap<string, Evaluated>> {
  const rows = (await recR1Json('evaluate', ...args)) as Evaluated[];
  return new Map(rows.map((row) => [row.checkpoint, row]));
}

const armsOf = (...names: readonly string[]): string[] => names.flatMap((name) => ['--arm', name]);
const ndcg = (arm: Evaluated | undefined): number => arm!.metrics['ndcg@10'];
const perQuery = (arm: Evaluated | undefined): number[] => arm!.perQuery.map(({ metrics }) => metrics['ndcg@10']);

function assertClose(actual: readonly number[], expected: readonly number[], what: string): void {
  assert.deepEqual(actual.map((value) => value.toFixed(12)), expected.map((value) => value.toFixed(12)), what); // prettier-ignore
}

function assertRefused({ status, stdout, stderr }: Finished, pattern: RegExp): void {
  assert.match(stderr, pattern);
  assert.deepEqual([status, stdout, stderr.trim().split('\n').length], [1, '', 1]);
}

/** A model that knows what goes with a ball and with a tent, behind OpenAI's API. */
function remoteModel(test: TestContext): Promise<LoopbackServer> {
  return serveLoopback(test, ({ body }, response) => {
    const { messages } = JSON.parse(body) as { messages: { content: string }[] };
    const query = messages.at(-1)!.content.includes('leather ball') ? 'a pump for the hand' : 'lantern';
    const content = `<think>goes with it</think><answer>{"query": "${query}"}</answer>`;
    const usage = { prompt_tokens: 100, completion_tokens: 10 };
    response.end(JSON.stringify({ choices: [{ message: { role: 'assistant', content } }], usage }));
  });
}

describe('rec-r1 evaluate --arm', () => {
  it('ranks by purchases alone: what is popular, what goes together, what SASRec learns of it', async (test) => {
    const arms = await evaluate('--task', shop(test), ...armsOf('raw', 'popularity', 'co-occurrence', 'sasrec'));
    // The raw query is the title of what is owned, which finds nothing else.
    assertClose(perQuery(arms.get('raw')), [0, 0], 'raw');
    // a and b, then c (owned by one) and d, then e (owned by the other) and f.
    assertClose(perQuery(arms.get('popularity')), [FIFTH, THIRD], 'popularity');
    assertClose(perQuery(arms.get('co-occurrence')), [FIRST, FIRST], 'co-occurrence');
    assertClose(perQuery(arms.get('sasrec')), [FIRST, FIRST], 'sasrec');
    const { training, note, cost } = arms.get('sasrec')!;
    assert.ok(training!['seconds'] > 0 && training!['tokens'] > 0);
    assert.match(note!, /^9 training sequences; 2 of 2 examples have a relevant item that occurs in them\./);
    assert.deepEqual([cost['readTokens'], cost['writtenTokens']], [0, 0], 'items are no tokens of a text');
  });

  it('searches with another recommender: dense vectors, with the query as it was typed', async (test) => {
    const dir = shop(test);
    withEnvironment(test, 'REC_R1_CACHE', join(dir, 'cache'));
    cpSync(TINY_ENCODER, join(dir, 'encoder'), { recursive: true });
    const spec = join(dir, 'dense.recommender.json');
    writeFileSync(spec, JSON.stringify({ kind: 'dense', encoder: 'encoder' }));
    const arms = await evaluate('--task', dir, ...armsOf('raw', `raw:${spec}`));
    assert.deepEqual([...arms.keys()], ['raw', 'raw query, dense(encoder,float32)']);
    const dense = arms.get('raw query, dense(encoder,float32)')!;
    for (const [owned, target, found] of [
      ['e', 'f', 0],
      ['c', 'd', 1],
    ] as const) {
      const search = ['search', '--retriever', spec, '--task', dir, '-k', '6', TITLES[owned]];
      const [{ hits }] = (await recR1Json(...search)) as [{ hits: { id: string }[] }];
      const rank = hits.map(({ id }) => id).filter((id) => id !== owned).indexOf(target) + 1; // prettier-ignore
      assert.ok(rank > 0);
      assertClose([perQuery(dense)[found]], [1 / Math.log2(rank + 1)], target);
      assert.equal(dense.perQuery[found].rewrite, TITLES[owned]);
    }
    assert.equal(readdirSync(join(dir, 'cache/vectors')).length, 1, 'its vectors are kept');
  });

  it('asks a remote model, named in a file or by its address, with the key of the environment', async (test) => {
    const dir = shop(test);
    const server = await remoteModel(test);
    const file = join(dir, 'model.json');
    const described = { url: `${server.url}/v1`, model: 'described', auth: { bearer: 'MY_KEY' } };
    writeFileSync(file, JSON.stringify(described));
    withEnvironment(test, 'REC_R1_MODEL_TOKEN', 'usual');
    withEnvironment(test, 'MY_KEY', 'own');
    const arms = await evaluate('--task', dir, '--samples', '2', ...armsOf(`remote:named@${server.url}/v1`, `remote:${file}`)); // prettier-ignore
    for (const name of ['named', 'described']) {
      const { cost, metrics, perQuery: rows } = arms.get(name)!;
      assert.deepEqual(rows.map(({ rewrite }) => rewrite), ['a pump for the hand', 'lantern'], name); // prettier-ignore
      assertClose([ndcg(arms.get(name)), metrics['ndcg@10 mean@2']], [1, 1], name);
      assert.deepEqual([cost['readTokens'], cost['writtenTokens']], [200, 20], 'of the best answers');
    }
    assert.equal(server.received.length, 2 * 2 * 3);
    const keys = server.received.map(({ body, headers }) => `${(JSON.parse(body) as { model: string }).model} ${headers.authorization}`); // prettier-ignore
    assert.deepEqual([...new Set(keys)].sort(), ['described Bearer own', 'named Bearer usual']);
  });

  it('asks policies: the start, any checkpoint of a run or of another, any folder, with what each was trained for', async (test) => {
    const dir = shop(test);
    const run = join(dir, 'run');
    await train(run, { task: dir });
    const folder = `model:${join(run, 'checkpoints', 'step-000002')}`;
    const names = ['start', 'step-000000', 'step-000002', folder, 'newest', 'best'];
    const arms = (await recR1Json('evaluate', '--run', run, ...armsOf(...names))) as Evaluated[];
    const [start, first, second, same, newest, best] = arms;
    assert.deepEqual(arms.map(({ checkpoint }) => checkpoint).slice(0, 5), [
      'step-000000',
      'step-000000',
      'step-000002',
      folder,
      'step-000004',
    ]);
    assert.match(best.checkpoint, /^step-00000[024]$/);
    assert.deepEqual(start.perQuery, first.perQuery);
    assert.deepEqual(same.perQuery, second.perQuery);
    assert.deepEqual([start, second, newest].map(({ training }) => training!['tokens'] > 0), [false, true, true]); // prettier-ignore
    assert.ok(newest.training!['tokens'] > second.training!['tokens'] && newest.cost['writtenTokens'] > 0);
    assert.deepEqual(readdirSync(join(run, 'evaluations')).filter((file) => file.startsWith('step-')).slice(0, 3), ['step-000000-validation.json', 'step-000002-validation.json', 'step-000004-validation.json']); // prettier-ignore

    const without = await evaluate('--task', dir, '--split', 'test', ...armsOf('start', `model:${STARTER}`, `${run}:step-000000`)); // prettier-ignore
    const [bundled, named, stored] = [...without.values()];
    assert.deepEqual(bundled.perQuery, named.perQuery);
    assert.deepEqual(stored.perQuery.map(({ rewrite }) => rewrite), bundled.perQuery.map(({ rewrite }) => rewrite)); // prettier-ignore
    assert.deepEqual(bundled.perQuery.map(({ query }) => query), [TITLES.c, TITLES.e]); // prettier-ignore
  });

  it('prints one table for people, and says in a sentence what cannot be asked', async (test) => {
    const dir = shop(test);
    const { stdout } = await recR1('evaluate', '--task', dir, ...armsOf('raw', 'popularity'));
    const lines = stdout.trim().split('\n');
    assert.match(lines[0], /^2 queries of the validation split; no ranking can have more than ndcg@10 1\.0000$/);
    assert.match(lines[1], /ndcg@10 .*tokens\/query +seconds\/query/);
    assert.match(lines[2], /^raw +0\.0000 \[0\.000, 0\.000\]/);
    assert.match(lines[3], /^popularity +0\.4434 \[0\.387, 0\.500\]/);

    const sample = (...args: readonly string[]): Promise<Finished> => recR1('evaluate', '--task', 'sample', ...args, '--json'); // prettier-ignore
    assertRefused(await sample('--arm', 'sasrec'), /"sasrec" ranks by what was bought before, and .*sample has no histories/); // prettier-ignore
    assertRefused(await sample('--arm', 'best'), /"best" is a checkpoint of no run; write it as RUN:best/);
    assertRefused(await sample('--arm', `model:${join(dir, 'nowhere')}`), /nowhere/);
    assertRefused(await sample('--arm', 'raw:nowhere.json'), /nowhere\.json/);
    assertRefused(await sample('--arm', 'remote:nowhere.json'), /nowhere\.json/);
  });
});
