import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type DenseIndex, denseRetriever } from '../../../../src/retrieval/dense/dense.ts';
import { EncodingError } from '../../../../src/retrieval/dense/encoder.ts';
import { readVectorFile, writeVectorFile } from '../../../../src/retrieval/dense/vector-file.ts';
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts';

/** Three documents on a plane; a query is its two numbers, such as `1 0.5`. */
async function plane(test: TestContext): Promise<DenseIndex> {
  const path = join(temporaryFolder(test), 'v');
  const vectors = async function* (): AsyncGenerator<Float32Array> {
    for (const vector of [[1, 0], [0, 1], [0.5, 0]]) yield await Promise.resolve(Float32Array.from(vector)); // prettier-ignore
  };
  await writeVectorFile(path, {
    kind: 'float32',
    dimensions: 2,
    ids: ['east', 'north', 'x'],
    vectors: vectors(),
    origin: '',
  });
  return readVectorFile(path);
}

function numbers(): {
  encoded: string[];
  name: string;
  encode(texts: readonly string[]): Promise<Float32Array[]>;
  dispose(): Promise<void>;
} {
  // prettier-ignore
  const encoded: string[] = [];
  return {
    name: 'numbers',
    encoded,
    encode: (texts) => {
      encoded.push(...texts);
      if (texts.includes('broken')) return Promise.reject(new EncodingError('out of paper'));
      return Promise.resolve(texts.map((text) => Float32Array.from(text.split(' ').map(Number))));
    },
    dispose: () => Promise.resolve(),
  };
}

describe('dense retrieval', () => {
  it('ranks by inner product, in the order of the queries, equal products by id', async (test) => {
    const retriever = denseRetriever(await plane(test), numbers());
    assert.equal(retriever.name, 'dense(numbers,float32)');
    const [first, second, third] = await retriever.search(['1 0.5', '-1 0', '0 0'], 2);
    assert.deepEqual(first, { kind: 'hits', hits: [{ id: 'east', score: 1 }, { id: 'north', score: 0.5 }] }); // prettier-ignore
    assert.deepEqual(second, { kind: 'hits', hits: [{ id: 'north', score: 0 }, { id: 'x', score: -0.5 }] }); // prettier-ignore
    assert.deepEqual(third, { kind: 'hits', hits: [{ id: 'east', score: 0 }, { id: 'north', score: 0 }] }); // prettier-ignore
  });

  it('encodes equal queries once, also those of earlier calls, as long as they are kept', async (test) => {
    const encoder = numbers();
    const retriever = denseRetriever(await plane(test), encoder, 2);
    await retriever.search(['1 0', '0 1', '1 0'], 1);
    await retriever.search(['0 1', '1 0'], 1);
    assert.deepEqual(encoder.encoded, ['1 0', '0 1']);
    await retriever.search(['1 1'], 1); // drops `0 1`, which was used before `1 0`
    await retriever.search(['1 0', '0 1'], 1);
    assert.deepEqual(encoder.encoded, ['1 0', '0 1', '1 1', '0 1']);
  });

  it('answers calls at the same time as it would one by one', async (test) => {
    const retriever = denseRetriever(await plane(test), numbers(), 1);
    const queries = ['1 0', '0 1', '1 0.25', '0.5 1', '1 0'];
    const alone = [];
    for (const query of queries) alone.push(await retriever.search([query], 3));
    assert.deepEqual(await Promise.all(queries.map((query) => retriever.search([query], 3))), alone);
  });

  it('fails for all queries of a call when the encoder does, and works again afterwards', async (test) => {
    const retriever = denseRetriever(await plane(test), numbers());
    const message = 'the encoder numbers failed: out of paper';
    assert.deepEqual(await retriever.search(['1 0', 'broken'], 1), [{ kind: 'failed', message }, { kind: 'failed', message }]); // prettier-ignore
    assert.equal((await retriever.search(['1 0'], 1))[0].kind, 'hits');
  });
});
