/**
 * @file Trains SASRec on the training sequences of a task, until the validation examples stop getting better, and ranks with
 * it: the discriminative baseline for what is bought next. It knows items by their ids alone.
 */
import * as tf from '@tensorflow/tfjs-core';
import { rngFrom, shuffled } from '../base/rng.ts';
import type { Example } from '../data/task.ts';
import { createAdamW, disposeAdamW } from '../model/adamw.ts';
import { paddedIds } from '../model/composed-decoder.ts';
import { tokenLogProbs } from '../model/ops.ts';
import { createSasRec, disposeSasRec, type Dropout, type SasRec, sasRecStates } from '../model/sasrec.ts';
import { measureRanking } from '../retrieval/metrics.ts';
import type { Arm } from './arms.ts';
import type { LossSums } from './grpo.ts';
import { itemsByPopularity } from './item-arms.ts';
import { optimizerStep } from './optimizer-step.ts';
import { sequencesOf, unseenNote } from './purchases.ts';

export interface SasRecSettings {
  readonly seed: number;
  readonly hiddenSize: number;
  readonly blocks: number;
  readonly heads: number;
  /** Items of a history that are seen, the newest. */
  readonly maxLength: number;
  readonly dropout: number;
  readonly learningRate: number;
  /** Sequences per step. */
  readonly batch: number;
  readonly maxEpochs: number;
  /** Epochs without a better NDCG on the validation examples after which training ends. */
  readonly patience: number;
}

/** Those of the paper where it has any; small enough for a thousand sequences and a laptop. */
export const SASREC: Omit<SasRecSettings, 'seed'> = {
  hiddenSize: 64,
  blocks: 2,
  heads: 2,
  maxLength: 50,
  dropout: 0.3,
  learningRate: 1e-3,
  batch: 128,
  maxEpochs: 200,
  patience: 20,
};

export interface SasRecData {
  readonly train: readonly Example[];
  readonly validation: readonly Example[];
}

/** Validation examples that are ranked after each epoch, of those with a known item to find, and the depth. */
const VALIDATED = { examples: 1000, k: 10 };

/**
 * Trains from scratch; the same seed and data give the same arm. Dispose it.
 *
 * @param now monotonic milliseconds. @param turn awaited between steps; may throw to cancel.
 */
export async function trainSasRec(
  data: SasRecData,
  settings: SasRecSettings,
  now: () => number,
  turn: () => Promise<void>,
): Promise<Arm> {
  const started = now();
  const whole = sequencesOf(data.train);
  const items = itemsByPopularity(whole); // others cannot be learnt
  const numbers = new Map(items.map((id, number) => [id, number]));
  const sequences = whole.map((sequence) => numbersOf(sequence, numbers)).filter(({ length }) => length > 1);
  const validation = data.validation.filter(({ relevant }) => [...relevant.keys()].some((id) => numbers.has(id)));
  const { hiddenSize, blocks, heads, maxLength } = settings;
  const model = createSasRec({ items: items.length, maxLength, hiddenSize, blocks, heads }, settings.seed);
  const arm = armOf(model, items, numbers);
  try {
    const epochs = await fit(model, arm, sequences, validation.slice(0, VALIDATED.examples), settings, turn);
    const seconds = (now() - started) / 1000;
    return {
      ...arm,
      training: { tokens: epochs * sequences.reduce((sum, { length }) => sum + length - 1, 0), seconds },
      note: (examples) => `${unseenNote(whole, examples)} Trained for ${epochs} epochs.`,
    };
  } catch (error) {
    disposeSasRec(model);
    throw error;
  }
}

/** Epochs until the validation examples are ranked no better; the weights are the best ones then. How many there were. */
async function fit(
  model: SasRec,
  arm: Arm,
  sequences: readonly (readonly number[])[],
  validation: readonly Example[],
  settings: SasRecSettings,
  turn: () => Promise<void>,
): Promise<number> {
  if (sequences.length === 0) return 0;
  const optimizer = createAdamW([...model.parameters.values()]);
  const { learningRate, batch, maxEpochs, patience, seed } = settings;
  const update = { learningRate, weightDecay: 0, maxGradNorm: 5 };
  const best = { ndcg: -1, epoch: 0, weights: [] as tf.Tensor[] };
  let epoch = 0;
  try {
    while (epoch < maxEpochs && epoch - best.epoch < patience) {
      epoch++;
      const order = shuffled(sequences, rngFrom(seed, 'sasrec', 'epoch', epoch));
      for (let start = 0; start < order.length; start += batch) {
        const step = sequenceBatch(order.slice(start, start + batch), settings.maxLength);
        const dropout = dropoutAt(settings, epoch, start);
        const per = { tokens: step.count, loss: step.count };
        const sumsOf = (): LossSums => lossOf(model, step, dropout);
        try {
          await optimizerStep(model, optimizer, [step], sumsOf, per, update, turn);
        } finally {
          tf.dispose([step.ids, step.rows, step.targets]);
        }
      }
      const ndcg = await ndcgOf(arm, validation, turn);
      if (ndcg <= best.ndcg && validation.length > 0) continue;
      tf.dispose(best.weights);
      Object.assign(best, { ndcg, epoch, weights: [...model.parameters.values()].map((weight) => tf.clone(weight)) });
    }
    [...model.parameters.values()].forEach((weight, i) => {
      weight.assign(best.weights[i]);
    });
    return epoch;
  } finally {
    tf.dispose(best.weights);
    disposeAdamW(optimizer);
  }
}

interface SequenceBatch {
  /** int32 [B, T] */
  readonly ids: tf.Tensor2D;
  /** int32 [count]: the states that predict an item … */
  readonly rows: tf.Tensor1D;
  /** … and the items. */
  readonly targets: tf.Tensor1D;
  readonly count: number;
}

/** Every item but the first is to be predicted from those before it. */
function sequenceBatch(sequences: readonly (readonly number[])[], maxLength: number): SequenceBatch {
  const newest = sequences.map((sequence) => sequence.slice(-maxLength - 1));
  const inputs = newest.map((sequence) => sequence.slice(0, -1));
  const time = Math.max(...inputs.map(({ length }) => length));
  const rows = inputs.flatMap((input, row) => input.map((_, i) => row * time + i));
  return {
    ids: paddedIds(inputs, time),
    rows: tf.tensor1d(rows, 'int32'),
    targets: tf.tensor1d(
      newest.flatMap((sequence) => sequence.slice(1)),
      'int32',
    ),
    count: rows.length,
  };
}

function dropoutAt({ seed, dropout }: SasRecSettings, epoch: number, start: number): Dropout {
  return { rate: dropout, rng: (place) => rngFrom(seed, 'sasrec', 'dropout', epoch, start, place) };
}

/** Cross-entropy over all items, summed over those that are to be predicted. */
function lossOf(model: SasRec, { ids, rows, targets }: SequenceBatch, dropout: Dropout): LossSums {
  return tf.tidy(() => {
    const states = tf.gather(sasRecStates(model, ids, dropout), rows);
    const items = model.parameters.get('items') as tf.Tensor2D;
    const [logProbs] = tf.unstack(tokenLogProbs(states, items, targets, 1), 1);
    return { loss: tf.neg(tf.sum(logProbs)), statistics: tf.tensor1d([]) };
  });
}

function armOf(model: SasRec, items: readonly string[], numbers: ReadonlyMap<string, number>): Arm {
  return {
    name: 'sasrec',
    answer: async (examples, { k, turn }) => {
      const histories = examples.map(({ history = [] }) => numbersOf(history, numbers).slice(-model.shape.maxLength));
      const scores = await scoresAfter(model, histories);
      await turn();
      return examples.map(({ history = [] }, i) => {
        const own = scores.subarray(i * items.length, (i + 1) * items.length);
        // Where no item of the history is known, what most bought is as good a guess as any.
        const best = histories[i].length > 0 ? bestItems(own, k + history.length) : [...items.keys()];
        return { kind: 'ranking', ids: best.slice(0, k + history.length).map((item) => items[item]) };
      });
    },
    dispose: () => {
      disposeSasRec(model);
      return Promise.resolve();
    },
  };
}

/** Of every item after each history: [B · V]. Those after an empty history mean nothing. */
async function scoresAfter(model: SasRec, histories: readonly (readonly number[])[]): Promise<Float32Array> {
  const time = Math.max(1, ...histories.map(({ length }) => length));
  const scores = tf.tidy(() => {
    const states = sasRecStates(model, paddedIds(histories, time));
    const last = histories.map(({ length }, row) => row * time + Math.max(0, length - 1));
    const items = model.parameters.get('items') as tf.Tensor2D;
    return tf.matMul(tf.gather(states, tf.tensor1d(last, 'int32')), items, false, true);
  });
  try {
    return (await scores.data()) as Float32Array;
  } finally {
    scores.dispose();
  }
}

function bestItems(scores: Float32Array, count: number): number[] {
  return Array.from(scores.keys())
    .sort((a, b) => scores[b] - scores[a] || a - b)
    .slice(0, count);
}

function numbersOf(ids: readonly string[], numbers: ReadonlyMap<string, number>): number[] {
  return ids.flatMap((id) => numbers.get(id) ?? []);
}

/** The mean over the validation examples, with what the shopper owns left out. */
async function ndcgOf(arm: Arm, examples: readonly Example[], turn: () => Promise<void>): Promise<number> {
  const { k } = VALIDATED;
  const answers = await arm.answer(examples, { k, turn });
  const values = answers.map((answer, i) => {
    const owned = new Set(examples[i].history);
    const ids = answer.kind === 'ranking' ? answer.ids.filter((id) => !owned.has(id)) : [];
    return measureRanking(ids, { grades: examples[i].relevant }, { name: 'ndcg', cutoff: k });
  });
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
