/** @file Loss, gradient and advantages of every variant against TRL and verl; `losses/make.py` made the numbers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { selectBackend } from '../../src/model/backend.ts';
import { tokenLogProbs } from '../../src/model/ops.ts';
import { advantagesOf } from '../../src/rl/advantages.ts';
import type { AdvantageKind, Aggregation, Correction } from '../../src/rl/choices.ts';
import { correctionsOf } from '../../src/rl/corrections.ts';
import { aggregate, grpoSums, klEstimate, type LossChoices } from '../../src/rl/grpo.ts';
import { enginesUnderTest } from '../fixtures/engines.ts';

interface Choices extends LossChoices {
  readonly advantage: AdvantageKind;
  readonly klInReward: number;
  readonly aggregation: Aggregation;
  readonly correction: Correction;
}

interface Case {
  readonly name: string;
  readonly choices: Partial<Choices>;
  /** Of each completion. */
  readonly advantages: readonly number[];
  readonly loss: number;
  /** [V][N]: with respect to the logits. */
  readonly gradient: readonly (readonly number[])[];
}

/** Numbers of tokens follow completion after completion. */
interface Golden {
  readonly copies: number;
  readonly maxNewTokens: number;
  readonly correctionCap: number;
  readonly lengths: readonly number[];
  readonly rewards: readonly number[];
  /** [V][N] */
  readonly logits: readonly (readonly number[])[];
  readonly targets: readonly number[];
  readonly old: readonly number[];
  readonly sampling: readonly number[];
  readonly reference: readonly number[];
  readonly cases: readonly Case[];
}

const GOLDEN = JSON.parse(readFileSync(join(packageRoot(), 'test/golden/losses/losses.json'), 'utf8')) as Golden;
const TOLERANCE = 1e-5;
/** The default variant. */
const DEFAULTS: Choices = {
  advantage: 'grpo',
  klInReward: 0,
  aggregation: 'tokens',
  correction: 'off',
  ratio: 'token',
  clip: 0.2,
  clipHigh: 0.2,
  klEstimator: 'k3',
  kl: 0,
  entropy: 0,
};

function assertClose(actual: readonly number[], expected: readonly number[], what: string): void {
  assert.equal(actual.length, expected.length, what);
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(actual[i] - value) < TOLERANCE, `${what}[${i}] is ${actual[i]}, not ${value}`);
  }
}

/** Values of tokens, cut into completions. */
function byCompletion(values: readonly number[]): number[][] {
  let next = 0;
  return GOLDEN.lengths.map((length) => values.slice(next, (next += length)));
}

/** The value of each completion at each of its tokens. */
const atTokens = (values: readonly number[]): number[] =>
  GOLDEN.lengths.flatMap((length, i) => Array<number>(length).fill(values[i]));

function ourAdvantages({ advantage, klInReward, klEstimator }: Choices): number[] {
  const divergences = tf.tidy(() =>
    klEstimate(klEstimator, tf.tensor1d([...GOLDEN.old]), tf.tensor1d([...GOLDEN.reference])),
  );
  const taken = byCompletion([...divergences.dataSync()]).map((values) => values.reduce((a, b) => a + b, 0));
  divergences.dispose();
  const rewards = GOLDEN.rewards.map((reward, i) => reward - klInReward * taken[i]);
  const grouped = <T>(values: readonly T[]): T[][] =>
    Array.from({ length: values.length / GOLDEN.copies }, (_, g) =>
      values.slice(g * GOLDEN.copies, (g + 1) * GOLDEN.copies),
    );
  return advantagesOf(advantage, grouped(rewards), grouped(GOLDEN.lengths)).flat();
}

/** Loss, and its gradient with respect to the logits in the shape [N, V]. */
async function ourLoss(choices: Choices): Promise<{ loss: number; gradient: number[][] }> {
  const { weights, divisor } = aggregate(choices.aggregation, GOLDEN.lengths, GOLDEN.maxNewTokens);
  const [old, sampling] = [byCompletion(GOLDEN.old), byCompletion(GOLDEN.sampling)];
  const corrections = old.flatMap((logProbs, i) =>
    correctionsOf(choices.correction, logProbs, sampling[i], GOLDEN.correctionCap),
  );
  const advantages = ourAdvantages(choices);
  const rows = atTokens(GOLDEN.lengths.map((_, row) => row));
  const lossOf = (logits: tf.Tensor): tf.Scalar => {
    // An output matrix that leaves the logits as they are: what is under test is all of the way from them.
    const head = tf.eye(GOLDEN.logits.length);
    const sums = grpoSums(
      {
        current: tokenLogProbs(logits as tf.Tensor2D, head, tf.tensor1d([...GOLDEN.targets], 'int32'), 1),
        old: tf.tensor1d([...GOLDEN.old]),
        reference: tf.tensor1d([...GOLDEN.reference]),
        advantages: tf.tensor1d(atTokens(advantages)),
        weights: tf.tensor1d(atTokens(weights)),
        corrections: tf.tensor1d(corrections),
        members: tf.cast(tf.oneHot(tf.tensor1d(rows, 'int32'), GOLDEN.lengths.length), 'float32') as tf.Tensor2D,
      },
      choices,
    );
    return tf.div(sums.loss, divisor);
  };
  const { value, grad } = tf.tidy(() =>
    tf.valueAndGrad(lossOf)(tf.transpose(tf.tensor2d(GOLDEN.logits.map((row) => [...row])))),
  );
  const gradient = (await tf.transpose(grad).array()) as number[][];
  const [loss] = await value.data();
  tf.dispose([value, grad]);
  return { loss, gradient };
}

describe('the loss', () => {
  for (const engine of enginesUnderTest('cpu', 'embedded')) {
    describe(`on ${engine}`, () => {
      before(() => selectBackend(engine));

      for (const { name, choices, advantages, loss, gradient } of GOLDEN.cases) {
        it(`is that of ${name}, and so are gradient and advantages`, async () => {
          const all = { ...DEFAULTS, ...choices };
          assertClose(ourAdvantages(all), advantages, 'advantages');
          const ours = await ourLoss(all);
          assertClose([ours.loss], [loss], 'loss');
          for (const [v, expected] of gradient.entries()) assertClose(ours.gradient[v], expected, `gradient ${v}`);
        });
      }
    });
  }
});
