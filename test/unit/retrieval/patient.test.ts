import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { patientRetriever } from '../../../src/retrieval/patient.ts';
import type { Retriever, SearchOutcome } from '../../../src/retrieval/retriever.ts';

const found = (query: string): SearchOutcome => ({ kind: 'hits', hits: [{ id: query, score: 1 }] });

/** Fails each query as often as `failures` says. */
function flaky(failures: Record<string, number>): { retriever: Retriever; asked: string[][] } {
  const asked: string[][] = [];
  const retriever: Retriever = {
    name: 'flaky',
    search: (queries) => {
      asked.push([...queries]);
      return Promise.resolve(
        queries.map((query) => {
          const left = failures[query] ?? 0;
          failures[query] = left - 1;
          return left > 0 ? { kind: 'failed', message: 'down.' } : found(query);
        }),
      );
    },
  };
  return { retriever, asked };
}

describe('a patient retriever', () => {
  it('waits when too many searches fail, then searches again only for those', async () => {
    const { retriever, asked } = flaky({ b: 2, c: 1 });
    const reasons: string[] = [];
    const wait = (reason: string): Promise<void> => Promise.resolve(void reasons.push(reason));
    const outcomes = await patientRetriever(retriever, { maxFailed: 0, wait }).search(['a', 'b', 'c'], 10);
    assert.deepEqual(outcomes, ['a', 'b', 'c'].map(found));
    assert.deepEqual(asked, [['a', 'b', 'c'], ['b', 'c'], ['b']]);
    assert.deepEqual(reasons, [
      '2 of 3 searches failed, the first (“b”) with: down.',
      '1 of 3 searches failed, the first (“b”) with: down.',
    ]);
  });

  it('leaves a few failures as they are: they are outcomes of their own', async () => {
    const { retriever } = flaky({ b: 9 });
    const wait = (): Promise<void> => Promise.reject(new Error('there was nothing to wait for'));
    const outcomes = await patientRetriever(retriever, { maxFailed: 0.34, wait }).search(['a', 'b', 'c'], 10);
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['hits', 'failed', 'hits'],
    );
  });

  it('gives up when waiting does', async () => {
    const { retriever } = flaky({ a: 9 });
    const wait = (): Promise<void> => Promise.reject(new Error('stopped'));
    await assert.rejects(patientRetriever(retriever, { maxFailed: 0, wait }).search(['a'], 10), /stopped/);
  });
});
