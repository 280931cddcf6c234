import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { disposePolicy, type Policy } from '../../../../src/model/policy.ts';
import { logProbsOf } from '../../../../src/rl/log-probs.ts';
import { choose } from '../../../../src/rl/retention/choices.ts';
import { divergence, meanK3 } from '../../../../src/rl/retention/divergence.ts';
import { obey } from '../../../../src/rl/retention/instructions.ts';
import { lastNumber } from '../../../../src/rl/retention/numbers.ts';
import { surprise } from '../../../../src/rl/retention/perplexity.ts';
import { tinyPolicy } from '../../../fixtures/tiny-policy.ts';
import * as tf from '@tensorflow/tfjs-core';

const settings = { maxNewTokens: 1, microBatchTokens: 4096, turn: () => Promise.resolve() };
const near = (actual: number, expected: number, within = 1e-5): void => {
  assert.ok(Math.abs(actual - expected) < within, `${actual} is not ${expected}`);
};

/** Finds each of the 128 tokens equally likely, whatever came before. */
function uniformPolicy(): Policy {
  const policy = tinyPolicy();
  for (const variable of policy.parameters.values()) variable.assign(tf.zerosLike(variable));
  return policy;
}

async function using<T>(policies: readonly Policy[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    for (const policy of policies) disposePolicy(policy);
  }
}

describe('surprise', () => {
  it('is log 128 for a policy to which 128 tokens are alike, however long the text is', async () => {
    const policy = uniformPolicy();
    const texts = [{ text: 'abc' }, { context: 'before', text: 'x' }, { text: 'long '.repeat(130) }];
    const { values } = await using([policy], () => surprise(policy, texts, settings));
    for (const value of values) near(value, Math.log(128));
  });

  it('does not judge the context, and has nothing to say about a single token without one', async () => {
    const policy = tinyPolicy();
    const [inContext, alone, single] = await using([policy], async () => {
      const { values } = await surprise(policy, [{ context: 'a', text: 'bcd' }, { text: 'abcd' }, { text: 'a' }], settings); // prettier-ignore
      return values;
    });
    near(inContext, alone); // of "abcd" alone the first token is the context
    assert.equal(single, 0);
  });
});

describe('divergence', () => {
  it('is k3 by hand for given log-probabilities', () => {
    // r = q/p = 1/2 and 2: (1/2 − 1 + log 2 + 2 − 1 − log 2) / 2
    near(meanK3([Math.log(0.5), Math.log(0.2)], [Math.log(0.25), Math.log(0.4)]), 0.25, 1e-12);
  });

  it('is nothing from the start policy itself, and near the exact value for another', async () => {
    const [policy, start] = [uniformPolicy(), tinyPolicy()];
    await using([policy, start], async () => {
      const prompt = [104, 105];
      const same = await divergence(policy, policy, [prompt], { ...settings, samples: 4, seed: 1 });
      assert.deepEqual(same.values, [0]);
      const every = Array.from({ length: 128 }, (_, token) => ({ promptIds: prompt, tokens: [token] }));
      const logQ = await logProbsOf(start, every, { temperature: 1, microBatchTokens: 4096 }, settings.turn);
      const exact = logQ.reduce((sum, [value]) => sum + (Math.log(1 / 128) - value) / 128, 0);
      const asked = { ...settings, samples: 3000, seed: 1 };
      const { values } = await divergence(policy, start, [prompt], asked);
      assert.ok(Math.abs(values[0] - exact) < 0.1 * exact, `${values[0]}, exactly ${exact}`);
      assert.deepEqual((await divergence(policy, start, [prompt], asked)).values, values);
    });
  });
});

describe('multiple choice', () => {
  it('takes the likeliest by letter, and by text the likeliest per byte', async () => {
    const policy = tinyPolicy();
    const question = { question: 'Which?', choices: ['yes', 'no', 'perhaps'], answer: 0 };
    await using([policy], async () => {
      const logProbOf = async (prompt: string, text: string): Promise<number> => {
        const encode = (part: string): number[] => policy.tokenizer.encode(part);
        const [found] = await logProbsOf(policy, [{ promptIds: encode(prompt), tokens: encode(text) }], { temperature: 1, microBatchTokens: 4096 }, settings.turn); // prettier-ignore
        return found.reduce((a, b) => a + b, 0);
      };
      const letters: number[] = [];
      for (const text of [' A', ' B', ' C'])
        letters.push(await logProbOf('Which?\nA. yes\nB. no\nC. perhaps\nAnswer:', text));
      const texts: number[] = [];
      for (const text of [' yes', ' no', ' perhaps'])
        texts.push((await logProbOf('Question: Which?\nAnswer:', text)) / text.length);
      const best = (scores: readonly number[]): number => scores.indexOf(Math.max(...scores));
      const asked = [0, 1, 2].map((answer) => ({ ...question, answer }));
      const { values, details } = await choose(policy, asked, [], settings);
      assert.deepEqual(values, [0, 1, 2].map((answer) => Number(answer === best(letters)))); // prettier-ignore
      near(details!['byText'], 1 / 3);
      const { values: byText } = await choose(policy, [{ ...question, answer: best(texts) }], [], settings);
      assert.equal(byText.length, 1);
      assert.equal((await choose(policy, [{ ...question, answer: best(texts) }], [], settings)).details!['byText'], 1);
    });
  });
});

describe('answers in writing', () => {
  it('count by their last number', () => {
    const cases: [string, number | undefined][] = [
      ['It is 5, no, 1,234.50 euros.', 1234.5],
      ['So 10 - 3 = 7.', 7],
      ['-3', -3],
      ['the answer: $42', 42],
      ['10-4', 4],
      ['none', undefined],
    ];
    for (const [text, number] of cases) assert.equal(lastNumber(text), number, text);
  });

  it('are greedy, and follow every instruction or do not follow', async () => {
    const policy = tinyPolicy();
    const prompts = [
      { prompt: 'a', instructions: [{ id: 'punctuation:no_comma', args: {} }] },
      {
        prompt: 'a',
        instructions: [
          { id: 'punctuation:no_comma', args: {} },
          { id: 'startend:quotation', args: {} },
        ],
      },
    ];
    const { values, details, answers } = await using([policy], () =>
      obey(policy, prompts, { ...settings, maxNewTokens: 8 }),
    );
    assert.equal(answers![0].answer, answers![1].answer);
    const plain = Number(answers![0].answer.trim() !== '' && !answers![0].answer.includes(','));
    assert.deepEqual(values, [plain, 0]);
    near(details!['each'], (2 * plain) / 3);
  });
});
