/**
 * @file The network of SASRec (Kang and McAuley, arXiv 1808.09781): causal self-attention over the ids of what was bought, and
 * the item embedding again as the output. Training is in rl/sasrec.ts.
 *
 * Departures: RMSNorm in place of layer norm and before each part, an output projection after attention, and a softmax over
 * all items in place of one sampled negative, which Klenitskiy and Vasilev (arXiv 2309.07602) found to be what SASRec lacked.
 *
 * B sequences padded on the right to T items, N = B·T rows, D hidden size, V items.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { type Rng, rngFrom } from '../base/rng.ts';
import { variable } from './filled-variable.ts';
import { dropoutMask } from './lora.ts';
import { causalAttention, embed, linear, rmsNorm } from './ops.ts';

export interface SasRecShape {
  readonly items: number;
  /** Items of a sequence that are seen, the newest. */
  readonly maxLength: number;
  readonly hiddenSize: number;
  readonly blocks: number;
  readonly heads: number;
}

export interface SasRec {
  readonly shape: SasRecShape;
  /** By name: `items` [V, D], `positions` [T, D], `norm` [D], and of each block its norms [D] and matrices [D, D]. */
  readonly parameters: ReadonlyMap<string, Variable>;
}

const MATRICES = ['query', 'key', 'value', 'output', 'inner', 'outer'] as const;
const NORMS = ['attentionNorm', 'forwardNorm'] as const;
type Part = (typeof MATRICES)[number] | (typeof NORMS)[number];

const NORM_EPSILON = 1e-6;
/** Standard deviation of new weights, as for the language models here. */
const SPREAD = 0.02;

/** New weights; dispose them with `disposeSasRec`. */
export function createSasRec(shape: SasRecShape, seed: number): SasRec {
  const { items, maxLength, hiddenSize, blocks } = shape;
  const matrix = (name: string, rows: number): [string, Variable] => [
    name,
    variable(normals(rows * hiddenSize, rngFrom(seed, 'sasrec', name)), [rows, hiddenSize]),
  ];
  const norm = (name: string): [string, Variable] => [
    name,
    variable(new Float32Array(hiddenSize).fill(1), [hiddenSize]),
  ];
  const ofBlock = (_: unknown, block: number): [string, Variable][] => [
    ...NORMS.map((name) => norm(`${block}.${name}`)),
    ...MATRICES.map((name) => matrix(`${block}.${name}`, hiddenSize)),
  ];
  return {
    shape,
    parameters: new Map([
      matrix('items', items),
      matrix('positions', maxLength),
      norm('norm'),
      ...Array.from({ length: blocks }, ofBlock).flat(),
    ]),
  };
}

export function disposeSasRec({ parameters }: SasRec): void {
  tf.dispose([...parameters.values()]);
}

/** What is dropped while training; the generator gives the same numbers whenever it is asked, to compute again. */
export interface Dropout {
  readonly rate: number;
  readonly rng: (place: string) => Rng;
}

/** Item numbers int32 [B, T] → states [N, D], each of which predicts what follows its item. Differentiable. */
export function sasRecStates({ shape, parameters }: SasRec, ids: Tensor2D, dropout?: Dropout): Tensor2D {
  return tf.tidy(() => {
    const [batch, time] = ids.shape;
    const dropped = (x: Tensor2D, place: string): Tensor2D =>
      dropout ? tf.mul<Tensor2D>(x, dropoutMask(x.shape, dropout.rate, dropout.rng(place))) : x;
    const positions = tf.tile(tf.range(0, time, 1, 'int32'), [batch]);
    const itemStates = embed(parameters.get('items') as Tensor2D, tf.reshape<tf.Rank.R1>(ids, [-1]));
    let x = dropped(tf.add(itemStates, embed(parameters.get('positions') as Tensor2D, positions)), 'input');
    for (let block = 0; block < shape.blocks; block++) {
      const part = (name: Part): tf.Tensor => parameters.get(`${block}.${name}`)!;
      const normed = rmsNorm(x, part('attentionNorm') as Tensor1D, NORM_EPSILON);
      const heads = (name: Part): Tensor4D =>
        tf.reshape(linear(normed, part(name) as Tensor2D), [batch, time, shape.heads, shape.hiddenSize / shape.heads]);
      const mixed = tf.reshape<tf.Rank.R2>(causalAttention(heads('query'), heads('key'), heads('value')), x.shape);
      x = tf.add(x, dropped(linear(mixed, part('output') as Tensor2D), `${block}.attention`));
      const inner = linear(rmsNorm(x, part('forwardNorm') as Tensor1D, NORM_EPSILON), part('inner') as Tensor2D);
      x = tf.add(x, dropped(linear(tf.relu(inner), part('outer') as Tensor2D), `${block}.forward`));
    }
    return rmsNorm(x, parameters.get('norm') as Tensor1D, NORM_EPSILON);
  });
}

/** Box–Muller. */
function normals(count: number, rng: Rng): Float32Array {
  return Float32Array.from(
    { length: count },
    () => SPREAD * Math.sqrt(-2 * Math.log(1 - rng.next())) * Math.cos(2 * Math.PI * rng.next()),
  );
}
