import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { rngFrom } from '../../../src/base/rng.ts';
import type { Example } from '../../../src/data/task.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { measureRanking } from '../../../src/retrieval/metrics.ts';
import type { Arm } from '../../../src/rl/arms.ts';
import { popularityArm } from '../../../src/rl/item-arms.ts';
import { SASREC, type SasRecSettings, trainSasRec } from '../../../src/rl/sasrec.ts';
import { enginesUnderTest } from '../../fixtures/engines.ts';

const ITEMS = 32;
const SURE = 0.9;

/** A shopper buys after item i the item 5 i + 3 of a ring, nine times in ten, and otherwise anything. */
function markovExamples(name: string, count: number, length: number): Example[] {
  const rng = rngFrom(1, 'markov', name);
  return Array.from({ length: count }, (_, n) => {
    const sequence = [rng.below(ITEMS)];
    while (sequence.length < length) {
      const next = rng.next() < SURE ? (5 * sequence.at(-1)! + 3) % ITEMS : rng.below(ITEMS);
      sequence.push(next);
    }
    const ids = sequence.map(String);
    const target = ids.pop()!;
    // May be bought again: what is tested is the order alone.
    return { id: `${name}${n}`, query: '', history: ids, ranksOwned: true, relevant: new Map([[target, 1]]) };
  });
}

const SMALL: SasRecSettings = {
  ...SASREC,
  seed: 1,
  hiddenSize: 32,
  blocks: 1,
  dropout: 0.1,
  batch: 64,
  learningRate: 5e-3,
  maxEpochs: 60,
};
const noTurn = (): Promise<void> => Promise.resolve();
let clock = 0;
const now = (): number => (clock += 1000);

async function hitRate(arm: Arm, examples: readonly Example[]): Promise<number> {
  const answers = await arm.answer(examples, { k: 1, turn: noTurn });
  const hits = answers.map((answer, i) =>
    measureRanking(
      answer.kind === 'ranking' ? answer.ids : [],
      { grades: examples[i].relevant },
      { name: 'recall', cutoff: 1 },
    ),
  );
  return hits.reduce((sum, hit) => sum + hit, 0) / hits.length;
}

describe('trainSasRec', () => {
  before(() => selectBackend(enginesUnderTest('embedded')[0]));
  const [train, validation, test] = [
    markovExamples('a', 500, 5),
    markovExamples('b', 60, 5),
    markovExamples('c', 200, 5),
  ];

  it('learns what follows what, which popularity cannot', async () => {
    const { numTensors } = tf.memory();
    const arm = await trainSasRec({ train, validation }, SMALL, now, noTurn);
    const [learnt, popular] = [await hitRate(arm, test), await hitRate(popularityArm(train), test)];
    assert.ok(learnt > 0.75, `SASRec finds ${learnt} at once`);
    assert.ok(popular < 0.2, `popularity finds ${popular}`);
    assert.match(arm.note!(test), /^500 training sequences; 200 of 200 examples.* Trained for \d+ epochs\.$/);
    assert.ok(arm.training!.seconds > 0 && arm.training!.tokens > 0);
    await arm.dispose!();
    assert.equal(tf.memory().numTensors, numTensors);
  });

  it('gives the same ranking for the same seed, and stops when validation gets no better', async () => {
    const short = { ...SMALL, maxEpochs: 200, patience: 1 };
    const rankings: string[] = [];
    for (let i = 0; i < 2; i++) {
      const arm = await trainSasRec({ train: train.slice(0, 100), validation }, short, now, noTurn);
      const answers = await arm.answer(test.slice(0, 5), { k: 5, turn: noTurn });
      rankings.push(JSON.stringify(answers));
      const epochs = Number(/Trained for (\d+)/.exec(arm.note!(test))?.[1]);
      assert.ok(epochs < 200, `${epochs} epochs`);
      await arm.dispose!();
    }
    assert.equal(rankings[0], rankings[1]);
  });

  it('ranks by popularity after a history that it has never seen', async () => {
    const unknown: Example = { id: 'x', query: '', history: ['new'], relevant: new Map([['1', 1]]) };
    const arm = await trainSasRec({ train, validation }, { ...SMALL, maxEpochs: 1 }, now, noTurn);
    const [popular] = await popularityArm(train).answer([unknown], { k: 3, turn: noTurn });
    assert.deepEqual(await arm.answer([unknown], { k: 3, turn: noTurn }), [popular]);
    await arm.dispose!();
  });
});
