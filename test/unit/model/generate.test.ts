import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { rngFrom } from '../../../src/base/rng.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { paddedIds } from '../../../src/model/composed-decoder.ts';
import { type Completion, generate, type GenerationRequest } from '../../../src/model/generate.ts';
import { disposePolicy, type Policy } from '../../../src/model/policy.ts';
import { hiddenStates, logitsOf } from '../../../src/model/transformer.ts';
import { enginesUnderTest } from '../../fixtures/engines.ts';
import type { ModelConfig } from '../../../src/model/weights.ts';
import { TINY, tinyPolicy } from '../../fixtures/tiny-policy.ts';

const PROMPTS = [[5, 6, 7], [9, 8, 7, 6, 5, 4], [3]];

for (const backend of enginesUnderTest('cpu', 'embedded')) {
  describe(`generate on the ${backend} engine`, () => {
    let policy: Policy;
    before(async () => {
      await selectBackend(backend, { threads: 2 });
      policy = tinyPolicy();
    });
    after(() => {
      disposePolicy(policy);
    });

    const complete = (request: Partial<GenerationRequest>, config = TINY): Promise<Completion[]> =>
      generate(policy.weights, config, {
        prompts: PROMPTS,
        copies: 1,
        maxNewTokens: 12,
        sampling: { temperature: 0 },
        endIds: [],
        rng: (prompt, copy) => rngFrom(7, prompt, copy),
        turn: () => Promise.resolve(),
        ...request,
      });

    it('takes with the cache what the full pass would take, token by token', async () => {
      for (const [i, { tokens }] of (await complete({})).entries()) {
        let sequence = PROMPTS[i];
        for (const token of tokens) {
          const best = tf.tidy(() => {
            const hidden = hiddenStates(policy.weights, TINY, paddedIds([sequence], sequence.length));
            const logits = logitsOf(policy.weights, tf.slice(hidden, [sequence.length - 1, 0], [1, -1]));
            return tf.argMax(logits, 1).dataSync()[0];
          });
          assert.equal(token, best);
          sequence = [...sequence, token];
        }
      }
    });

    it('gives each copy its own draws, whatever else is in the batch', async () => {
      const sampling = { temperature: 1 };
      const together = await complete({ copies: 3, sampling });
      const alone = await complete({
        prompts: [PROMPTS[1]],
        copies: 3,
        sampling,
        rng: (_, copy) => rngFrom(7, 1, copy),
      });
      assert.deepEqual(
        together.slice(3, 6).map(({ tokens }) => tokens),
        alone.map(({ tokens }) => tokens),
      );
      assert.notDeepEqual(alone[0].tokens, alone[1].tokens);
    });

    it('ends a sequence with the end token and lets the others go on', async () => {
      const free = await complete({});
      const end = free[1].tokens[2];
      const ended = await complete({ endIds: [end] });
      assert.deepEqual(ended[1].tokens, free[1].tokens.slice(0, free[1].tokens.indexOf(end) + 1));
      assert.equal(ended[1].ended, true);
      for (const i of [0, 2]) {
        const stop = free[i].tokens.indexOf(end);
        assert.deepEqual(ended[i].tokens, stop < 0 ? free[i].tokens : free[i].tokens.slice(0, stop + 1));
        assert.equal(ended[i].ended, stop >= 0);
      }
    });

    it('ends a sequence where the caller says so', async () => {
      const free = await complete({});
      const ended = await complete({ ends: (tokens) => tokens.length === 3 });
      for (const [i, { tokens, ended: hasEnded }] of ended.entries()) {
        assert.deepEqual(tokens, free[i].tokens.slice(0, 3));
        assert.equal(hasEnded, true);
      }
    });

    it('takes with a penalty what the plain distribution would not, each sequence by its own tokens', async () => {
      const sampling = { temperature: 0, repetitionPenalty: 50 };
      const together = await complete({ sampling });
      for (const [i, { tokens }] of together.entries()) {
        assert.equal(new Set([...PROMPTS[i], ...tokens]).size, new Set(PROMPTS[i]).size + tokens.length);
        const [alone] = await complete({ sampling, prompts: [PROMPTS[i]] });
        assert.deepEqual(alone.tokens, tokens);
      }
    });

    it('reports log-probabilities under what was drawn from beside those under the model', async () => {
      const [{ logProbs, samplingLogProbs }] = await complete({ sampling: { temperature: 1, topK: 3 } });
      for (const [i, value] of samplingLogProbs.entries()) assert.ok(value > logProbs[i] && value <= 0);
    });

    it('reports the log-probability of each sampled token', async () => {
      const [{ tokens, logProbs }] = await complete({ prompts: [PROMPTS[0]], sampling: { temperature: 0.7 } });
      const expected = tf.tidy(() => {
        const sequence = [...PROMPTS[0], ...tokens];
        const hidden = hiddenStates(policy.weights, TINY, paddedIds([sequence], sequence.length));
        const scaled = tf.logSoftmax(tf.div(logitsOf(policy.weights, hidden), 0.7));
        const rows = scaled.arraySync() as number[][];
        return tokens.map((token, i) => rows[2 + i][token]);
      });
      for (const [i, value] of logProbs.entries()) assert.ok(Math.abs(value - expected[i]) < 1e-4);
    });

    it('refuses lengths at which dynamic rope scaling would make the cache useless', async () => {
      const config: ModelConfig = { ...TINY, ropeScaling: { kind: 'dynamic', factor: 2 }, maxPositions: 17 };
      await assert.rejects(complete({}, config), {
        name: 'UserError',
        message: /may have 18 tokens, but a model with dynamic rope scaling generates only up to its 17 positions/,
      });
    });

    it('leaves no tensor behind, not even when it is cancelled', async () => {
      const tensors = tf.memory().numTensors;
      await complete({ copies: 2 });
      assert.equal(tf.memory().numTensors, tensors);
      let turns = 0;
      const cancelled = complete({
        turn: () => (++turns === 3 ? Promise.reject(new Error('cancelled')) : Promise.resolve()),
      });
      await assert.rejects(cancelled, /cancelled/);
      assert.equal(tf.memory().numTensors, tensors);
    });
  });
}
