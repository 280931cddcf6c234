import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RewriteAnswer } from '../../../src/app/rewrite-answer.ts';
import { Rewrites, type WantedRewrite } from '../../../src/extension/rewrites.ts';

const wanted = (query: string, more: Partial<WantedRewrite> = {}): WantedRewrite => ({
  runDir: '/run',
  checkpoint: 'step-000001',
  query,
  ...more,
});

interface Asked {
  readonly rewrites: Rewrites;
  readonly questions: string[][];
  readonly signals: AbortSignal[];
}

/** A worker that answers after `millis`, or fails on the query `fail`. */
function asking(millis = 5): Asked {
  const questions: string[][] = [];
  const signals: AbortSignal[] = [];
  const rewrites = new Rewrites(async ({ queries, checkpoint, sample }, signal) => {
    questions.push([...queries]);
    signals.push(signal);
    await sleep(millis, undefined, { signal });
    if (queries.includes('fail')) throw new Error('no such checkpoint');
    return queries.map((query): RewriteAnswer => {
      const rewrite = `${query} by ${checkpoint} ${sample ?? 'greedy'}`;
      return { query, rewrite, format: 'ok', completion: '', hits: [], baselineHits: [] };
    });
  });
  return { rewrites, questions, signals };
}

describe('rewrites for an editor', () => {
  it('are asked for together when they are wanted together, each query once', async () => {
    const { rewrites, questions } = asking();
    const answers = await Promise.all(['a', 'b', 'a'].map((query) => rewrites.get(wanted(query))));
    assert.deepEqual(questions, [['a', 'b']]);
    assert.deepEqual(
      answers.map(({ rewrite }) => rewrite),
      ['a by step-000001 greedy', 'b by step-000001 greedy', 'a by step-000001 greedy'],
    );
  });

  it('are remembered by query, checkpoint and sample', async () => {
    const { rewrites, questions } = asking();
    await rewrites.get(wanted('a'));
    await rewrites.get(wanted('a'));
    assert.equal(questions.length, 1);
    const drawn = await rewrites.get(wanted('a', { sample: 2 }));
    const other = await rewrites.get(wanted('a', { checkpoint: 'step-000002' }));
    assert.deepEqual([drawn.rewrite, other.rewrite], ['a by step-000001 2', 'a by step-000002 greedy']);
    assert.equal(questions.length, 3);
  });

  it('go to the worker in batches of eight, one checkpoint at a time', async () => {
    const { rewrites, questions } = asking();
    const mixed = Array.from({ length: 12 }, (_, i) =>
      wanted(`q${i}`, { checkpoint: i === 5 ? 'step-000002' : 'step-000001' }),
    );
    await Promise.all(mixed.map((each) => rewrites.get(each)));
    assert.deepEqual(
      questions.map(({ length }) => length),
      [8, 1, 3],
    );
  });

  it('that nobody waits for any more are not asked for, or ended', async () => {
    const { rewrites, questions, signals } = asking(50);
    const edits = Array.from({ length: 3 }, () => new AbortController());
    const first = Promise.allSettled([
      rewrites.get(wanted('a'), edits[0].signal),
      rewrites.get(wanted('b'), edits[1].signal),
    ]);
    await sleep(20);
    const second = Promise.allSettled([rewrites.get(wanted('c'), edits[2].signal)]);
    edits[2].abort();
    edits[0].abort();
    assert.equal(signals[0].aborted, false, 'somebody still waits for b');
    edits[1].abort();
    assert.equal(signals[0].aborted, true);
    for (const { status } of [...(await first), ...(await second)]) assert.equal(status, 'rejected');
    assert.deepEqual(questions, [['a', 'b']]);
  });

  it('are prepared for by a question of no matter, once as long as the checkpoint is open', async () => {
    const { rewrites, questions } = asking();
    const [first, second] = [wanted('a'), wanted('a', { checkpoint: 'step-000002' })];
    await rewrites.prepare(first);
    await rewrites.prepare(first);
    assert.equal(questions.length, 1);
    await rewrites.get(second);
    await rewrites.prepare(second);
    assert.equal(questions.length, 2, 'it was asked a moment ago');
  });

  it('that failed are asked for again', async () => {
    const { rewrites, questions } = asking();
    await assert.rejects(rewrites.get(wanted('fail')), /no such checkpoint/);
    await assert.rejects(rewrites.get(wanted('fail')), /no such checkpoint/);
    assert.equal(questions.length, 2);
    assert.equal((await rewrites.get(wanted('a'))).query, 'a');
  });
});
