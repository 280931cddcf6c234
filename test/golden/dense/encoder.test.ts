import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EncoderOptions, openEncoder } from '../../../src/retrieval/dense/encoder.ts';
import { TINY_ENCODER, assertVectors, readGolden } from './golden-vectors.ts';

const { texts, vectors } = readGolden('tiny.json') as {
  readonly texts: readonly string[];
  readonly vectors: Readonly<Record<'mean' | 'cls' | 'unnormalized' | 'prefixed' | 'short', readonly string[]>>;
};

async function encoded(some: readonly string[], options: Partial<EncoderOptions> = {}): Promise<Float32Array[]> {
  const encoder = await openEncoder({ dir: TINY_ENCODER, maxTokens: 32, ...options });
  try {
    return await encoder.encode(some, 'query');
  } finally {
    await encoder.dispose();
  }
}

describe('a tiny encoder equals Hugging Face’s code in Python', () => {
  it('with mean pooling, on texts of many scripts, empty ones and ones that are cut', async () => {
    assertVectors(await encoded(texts, { pooling: 'mean' }), vectors.mean, texts);
  });

  it('with the first token’s state', async () => {
    assertVectors(await encoded(texts, { pooling: 'cls' }), vectors.cls, texts);
  });

  it('without normalisation', async () => {
    assertVectors(await encoded(texts, { normalize: false }), vectors.unnormalized, texts);
  });

  it('with a prefix, which counts among the tokens', async () => {
    assertVectors(await encoded(texts, { queryPrefix: 'query: ' }), vectors.prefixed, texts);
  });

  it('when texts are cut at eight tokens, the last of which is still the end token', async () => {
    assertVectors(await encoded(texts, { maxTokens: 8 }), vectors.short, texts);
  });

  it('whatever the size of the batches, to the last bit', async () => {
    const together = await encoded(texts);
    assert.deepEqual(await encoded(texts, { batchSize: 1 }), together);
    const reversed = await encoded(texts.toReversed(), { batchSize: 3 });
    assert.deepEqual(reversed.toReversed(), together);
  });
});
