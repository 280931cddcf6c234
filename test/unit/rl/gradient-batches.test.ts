import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keptBytes, mostKeptTokens } from '../../../src/model/memory-estimate.ts';
import type { ModelConfig } from '../../../src/model/weights.ts';
import { gradientBatches } from '../../../src/rl/gradient-batches.ts';
import { paddedTokens, type TokenSequence } from '../../../src/rl/token-batch.ts';
import { TINY } from '../../fixtures/tiny-policy.ts';

/** The shape of Qwen2.5-0.5B. */
const HALF: ModelConfig = { ...TINY, hiddenSize: 896, layers: 24, heads: 14, keyValueHeads: 2, headSize: 64, feedForwardSize: 4864 }; // prettier-ignore
const AUTO = { microBatchTokens: 2048, checkpointing: 'auto' } as const;
const zeros = (length: number): number[] => Array.from({ length }, () => 0);

/** As many groups of 8 completions, which have their prompt's very array. */
function groups(count: number, promptTokens: number, tokens: number): TokenSequence[] {
  return Array.from({ length: count }, () => zeros(promptTokens)).flatMap((promptIds) =>
    Array.from({ length: 8 }, () => ({ promptIds, tokens: zeros(tokens) })),
  );
}

describe('gradientBatches', () => {
  it('keeps all values in micro-batches as large as 2 GiB allow', () => {
    const sequences = groups(8, 64, 48);
    const { batches, checkpointing } = gradientBatches(sequences, HALF, AUTO, { shares: true });
    assert.equal(checkpointing, false);
    assert.deepEqual(
      batches.map((batch) => batch.length),
      [16, 16, 16, 16],
    );
    assert.deepEqual(batches.flat(), sequences);
    assert.ok(batches.every((batch) => keptBytes(HALF, paddedTokens(batch, true)) <= 2 ** 31));
  });

  it('leaves small models and small batches as they are', () => {
    const [few, many] = [groups(2, 64, 48), groups(8, 64, 48)];
    for (const [sequences, config] of [
      [few, HALF],
      [many, TINY],
    ] as const) {
      // prettier-ignore
      const { batches, checkpointing } = gradientBatches(sequences, config, AUTO, { shares: true });
      assert.equal(checkpointing, false);
      assert.equal(batches.length, Math.ceil(sequences.length / 32));
    }
  });

  it('computes layers again where a prompt would be read over and over, or does not fit', () => {
    for (const promptTokens of [900, mostKeptTokens(HALF)]) {
      const { batches, checkpointing } = gradientBatches(groups(4, promptTokens, 48), HALF, AUTO, { shares: true });
      assert.equal(checkpointing, true);
      assert.deepEqual(
        batches.map((batch) => batch.length),
        [8, 8, 8, 8],
      );
    }
  });

  it('counts every row that a sequence stands for', () => {
    const pairs = groups(4, 100, 28);
    const { batches, checkpointing } = gradientBatches(pairs, HALF, AUTO, { rows: 2 });
    assert.equal(checkpointing, false);
    assert.deepEqual(
      batches.map((batch) => batch.length),
      [4, 4, 4, 4, 4, 4, 4, 4],
    );
  });

  it('does as it is told', () => {
    for (const checkpointing of ['on', 'off'] as const) {
      const given = { microBatchTokens: 1_000_000, checkpointing };
      const found = gradientBatches(groups(8, 64, 48), HALF, given, { shares: true });
      assert.equal(found.checkpointing, checkpointing === 'on');
      assert.equal(found.batches.length, 1);
    }
  });
});
