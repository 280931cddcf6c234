/** @file The loss of DPO and its gradient against TRL; `losses/make-dpo.py` made the numbers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { selectBackend } from '../../src/model/backend.ts';
import { tokenLogProbs } from '../../src/model/ops.ts';
import { dpoSums } from '../../src/rl/dpo.ts';
import { enginesUnderTest } from '../fixtures/engines.ts';

/** Numbers of tokens follow answer after answer: the better ones of all pairs, then the worse ones. */
interface Golden {
  readonly lengths: readonly number[];
  /** [V][N] */
  readonly logits: readonly (readonly number[])[];
  readonly targets: readonly number[];
  readonly reference: readonly number[];
  readonly cases: readonly {
    readonly beta: number;
    readonly loss: number;
    readonly accuracy: number;
    readonly margin: number;
    /** [V][N]: with respect to the logits. */
    readonly gradient: readonly (readonly number[])[];
  }[];
}

const GOLDEN = JSON.parse(readFileSync(join(packageRoot(), 'test/golden/losses/dpo.json'), 'utf8')) as Golden;
const TOLERANCE = 1e-5;
const PAIRS = GOLDEN.lengths.length / 2;

function assertClose(actual: readonly number[], expected: readonly number[], what: string): void {
  assert.equal(actual.length, expected.length, what);
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(actual[i] - value) < TOLERANCE, `${what}[${i}] is ${actual[i]}, not ${value}`);
  }
}

/** [N, P]: 1 at the tokens of a pair's better answer, −1 at those of its worse one. */
function signs(): tf.Tensor2D {
  const rows = GOLDEN.lengths.flatMap((length, answer) =>
    Array.from({ length }, () =>
      Array.from({ length: PAIRS }, (_, pair) => (answer % PAIRS !== pair ? 0 : answer < PAIRS ? 1 : -1)),
    ),
  );
  return tf.tensor2d(rows);
}

async function ourLoss(beta: number): Promise<{ numbers: number[]; gradient: number[][] }> {
  let watched: tf.Tensor1D | undefined;
  const lossOf = (logits: tf.Tensor): tf.Scalar => {
    const current = tokenLogProbs(
      logits as tf.Tensor2D,
      tf.eye(GOLDEN.logits.length), // an output matrix that leaves the logits as they are
      tf.tensor1d([...GOLDEN.targets], 'int32'),
      1,
    );
    const logProbs = tf.unstack(current, 1)[0] as tf.Tensor1D;
    const reference = tf.reshape<tf.Rank.R1>(tf.matMul(tf.tensor2d([[...GOLDEN.reference]]), signs()), [-1]);
    const sums = dpoSums({ logProbs, signs: signs(), reference }, beta);
    watched = tf.keep(sums.statistics);
    return tf.div(sums.loss, PAIRS);
  };
  const { value, grad } = tf.tidy(() =>
    tf.valueAndGrad(lossOf)(tf.transpose(tf.tensor2d(GOLDEN.logits.map((row) => [...row])))),
  );
  const gradient = (await tf.transpose(grad).array()) as number[][];
  const [accuracy, margin] = await watched!.data();
  const [loss] = await value.data();
  tf.dispose([value, grad, watched!]);
  return { numbers: [loss, accuracy / PAIRS, margin / PAIRS], gradient };
}

describe('the loss of DPO', () => {
  for (const engine of enginesUnderTest('cpu', 'embedded')) {
    describe(`on ${engine}`, () => {
      before(() => selectBackend(engine));

      for (const { beta, loss, accuracy, margin, gradient } of GOLDEN.cases) {
        it(`is TRL's for a beta of ${beta}, and so are gradient, accuracy and margin`, async () => {
          const ours = await ourLoss(beta);
          assertClose(ours.numbers, [loss, accuracy, margin], 'loss, accuracy, margin');
          for (const [v, expected] of gradient.entries()) assertClose(ours.gradient[v], expected, `gradient ${v}`);
        });
      }
    });
  }
});
