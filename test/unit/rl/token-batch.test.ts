import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rngFrom } from '../../../src/base/rng.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { disposePolicy } from '../../../src/model/policy.ts';
import { logProbsOf } from '../../../src/rl/log-probs.ts';
import { microBatches, predict, tokenBatch, type TokenSequence } from '../../../src/rl/token-batch.ts';
import { sharesPrompts } from '../../../src/model/weights.ts';
import { enginesUnderTest } from '../../fixtures/engines.ts';
import { TINY, tinyPolicy } from '../../fixtures/tiny-policy.ts';

const rng = rngFrom(3, 'tokens');
const ids = (count: number): number[] => Array.from({ length: count }, () => rng.below(TINY.vocabularySize));
/** A prompt and completions of these lengths, which have its very array. */
const group = (prompt: number, ...lengths: readonly number[]): TokenSequence[] => {
  const promptIds = ids(prompt);
  return lengths.map((length) => ({ promptIds, tokens: ids(length) }));
};
const SEQUENCES = [...group(5, 3, 1, 4, 1), ...group(1, 2, 7), ...group(70, 5, 6), ...group(3, 2)];

for (const engine of enginesUnderTest('embedded', 'cpu')) {
  for (const [what, config] of Object.entries({
    'a plain model': TINY,
    'norms of heads': { ...TINY, queryKeyNorm: true },
  })) {
    describe(`completions that share their prompt, ${what} on ${engine}`, () => {
      it('are predicted as each by itself is, with the same gradient, layers computed again or not', async () => {
        await selectBackend(engine);
        const policy = tinyPolicy(2, config);
        const parameters = [...policy.parameters.values()];
        const [apart, together, again] = [[false, false], [true, false], [true, true]].map(([shares, checkpointing]) => {
          const batch = tokenBatch(SEQUENCES, shares);
          let predicted: Float32Array | undefined;
          const { grads } = tf.variableGrads(() => {
            const values = predict(policy, batch, 0.9, { checkpointing });
            predicted = values.dataSync<'float32'>();
            return tf.mean(tf.square(values));
          }, parameters);
          const gradients = parameters.map(({ name }) => grads[name].dataSync<'float32'>());
          tf.dispose([grads, Object.values(batch)]);
          return { batch, predicted: predicted!, gradients };
        }); // prettier-ignore
        assert.equal(apart.batch.ids.shape[0], SEQUENCES.length);
        assert.equal(together.batch.ids.shape[0], 4);
        for (const shared of [together, again]) {
          for (const [i, value] of apart.predicted.entries()) {
            assert.ok(Math.abs(value - shared.predicted[i]) < 2e-5, `${i}: ${value}, ${shared.predicted[i]}`);
          }
          for (const [i, expected] of apart.gradients.entries()) {
            const difference = Math.hypot(...expected.map((value, j) => value - shared.gradients[i][j]));
            assert.ok(difference <= 1e-5 * Math.hypot(...expected), `${parameters[i].name}: ${difference}`);
          }
        }
        disposePolicy(policy);
      });

      it('have the log-probabilities of their places, however small the micro-batches', async () => {
        await selectBackend(engine);
        const policy = tinyPolicy(2, config);
        const noTurn = (): Promise<void> => Promise.resolve();
        const mixed = SEQUENCES.toReversed();
        const [all, few] = await Promise.all(
          [10_000, 12].map((microBatchTokens) =>
            logProbsOf(policy, mixed, { temperature: 1, microBatchTokens }, noTurn),
          ),
        );
        for (const [i, sequence] of mixed.entries()) {
          const alone = await logProbsOf(policy, [sequence], { temperature: 1, microBatchTokens: 1 }, noTurn);
          for (const found of [all[i], few[i]]) {
            assert.equal(found.length, sequence.tokens.length);
            for (const [t, value] of found.entries()) assert.ok(Math.abs(value - alone[0][t]) < 2e-5);
          }
        }
        disposePolicy(policy);
      });
    });
  }
}

describe('microBatches', () => {
  it('keeps completions of a prompt together, within the bound', () => {
    const sequences = [...group(10, 5, 5, 5, 5), ...group(20, 5), ...group(10, 5)];
    const lengths = microBatches(sequences, 25, true).map((batch) => batch.map(({ promptIds }) => promptIds.length));
    // 10 + 5 + 5 + 5 is as much as one row may have; the fourth completion reads the prompt again.
    assert.deepEqual(lengths, [[10, 10, 10], [20], [10], [10]]);
  });

  it('knows every sequence once', () => {
    for (const bound of [1, 30, 100, 1000]) {
      const seen = microBatches(SEQUENCES, bound, true).flat();
      assert.equal(new Set(seen).size, SEQUENCES.length);
      assert.equal(seen.length, SEQUENCES.length);
    }
  });

  it('is not asked to where a window would hide a part of the prompt', () => {
    assert.equal(sharesPrompts(TINY), true);
    assert.equal(sharesPrompts({ ...TINY, windows: [undefined, 4] }), false);
  });
});
