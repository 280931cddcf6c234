/**
 * @file Low-rank adaptation (LoRA, arXiv 2106.09685): a frozen matrix W [out, in] gains scale · B·A with A [r, in] and
 * B [out, r], and only A and B train. B starts at zero, so an adapted model starts as its base.
 *
 * Adapters are switched on and off by making another record of weights over the same variables: the reference policy of a
 * training is its base with the adapters off, not a second copy. Files are in adapter-folder.ts.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { UserError } from '../base/errors.ts';
import { type Rng, rngFrom } from '../base/rng.ts';
import { variable } from './filled-variable.ts';
import type { LinearPart } from './ops.ts';
import type { Adapter, LayerWeights, Linear, ModelWeights } from './weights.ts';

/** The matrices of a layer that can be adapted: their place in the record and in Hugging Face's names. */
const MODULES = {
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  output: 'self_attn.o_proj',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
} as const;
type Place = keyof typeof MODULES;

/** Last parts of the names of what can be adapted, such as `q_proj`. */
export const LORA_TARGETS: readonly string[] = Object.values(MODULES).map((module) => module.split('.')[1]);

export interface LoraConfig {
  /** r */
  readonly rank: number;
  /** The numerator of the scale. */
  readonly alpha: number;
  /** Share of an adapter's inputs that is dropped in the update. */
  readonly dropout: number;
  /** Members of `LORA_TARGETS`. */
  readonly targets: readonly string[];
  /** The scale is alpha / √r instead of alpha / r (rsLoRA, arXiv 2312.03732). */
  readonly rankStabilised: boolean;
}

/** By the name of the adapted module, such as `model.layers.0.self_attn.q_proj`. */
export type Adapters = ReadonlyMap<string, Adapter>;

/**
 * The targets that a list such as `q_proj,v_proj` names; `all-linear` is every one.
 *
 * @throws UserError for a name that cannot be adapted.
 */
export function parseTargets(text: string, source: string): readonly string[] {
  if (text.trim() === 'all-linear') return LORA_TARGETS;
  const targets = text.split(',').map((name) => name.trim());
  const unknown = targets.find((name) => !LORA_TARGETS.includes(name));
  if (unknown !== undefined) {
    throw new UserError(
      `${source} names "${unknown}", which has no adapter here; write all-linear, or some of ${LORA_TARGETS.join(', ')}.`,
    );
  }
  return [...new Set(targets)];
}

/** What B·A is multiplied with. */
export function loraScale({ rank, alpha, rankStabilised }: LoraConfig): number {
  return alpha / (rankStabilised ? Math.sqrt(rank) : rank);
}

/**
 * New adapters for every target of a model, A as PEFT draws it (Kaiming uniform with a = √5), B zero. The caller disposes
 * them with `disposeAdapters`.
 */
export function createAdapters(weights: ModelWeights, config: LoraConfig, seed: number): Adapters {
  const targeted = [...linearsOf(weights)].filter(([module]) => config.targets.includes(module.split('.').at(-1)!));
  return new Map(
    targeted.map(([module, { weight }]) => {
      const [outputs, inputs] = weight.shape as [number, number];
      const rng = rngFrom(seed, 'lora', module);
      const bound = 1 / Math.sqrt(inputs); // √(6 / ((1 + 5) · inputs))
      const values = Float32Array.from({ length: config.rank * inputs }, () => (2 * rng.next() - 1) * bound);
      const a = variable(values, [config.rank, inputs]);
      const b = variable(new Float32Array(outputs * config.rank), [outputs, config.rank]);
      return [module, { a, b, scale: loraScale(config) }] as const;
    }),
  );
}

/** The variables of adapters by the names that a model's parameters would have: what an optimizer trains. */
export function adapterParameters(adapters: Adapters): Map<string, Variable> {
  return new Map(
    [...adapters].flatMap(([module, { a, b }]) => [
      [`${module}.lora_A.weight`, a] as const,
      [`${module}.lora_B.weight`, b] as const,
    ]),
  );
}

export function disposeAdapters(adapters: Adapters): void {
  for (const { a, b } of adapters.values()) tf.dispose([a, b]);
}

/** The same weights with adapters on. */
export function withAdapters(weights: ModelWeights, adapters: Adapters): ModelWeights {
  return mapLinears(weights, (module, { weight, bias }) => ({ weight, bias, adapter: adapters.get(module) }));
}

/** The same weights with adapters off. */
export function withoutAdapters(weights: ModelWeights): ModelWeights {
  return mapLinears(weights, (_, { weight, bias }) => ({ weight, bias }));
}

/** The same weights with dropout on the inputs of the adapters; what is dropped follows from the seed and the names. */
export function withDropout(
  weights: ModelWeights,
  rate: number,
  seed: number,
  ...names: readonly (string | number)[]
): ModelWeights {
  if (rate === 0) return weights;
  return mapLinears(weights, (module, one) =>
    one.adapter
      ? {
          ...one,
          adapter: { ...one.adapter, dropout: { rate, rng: () => rngFrom(seed, 'dropout', ...names, module) } },
        }
      : one,
  );
}

/** A matrix with its bias and adapter, for `linears` of x [N, in]. */
export function linearPart(x: Tensor2D, { weight, bias, adapter }: Linear): LinearPart {
  const part = { weight: weight as Tensor2D, bias: bias as tf.Tensor1D | undefined };
  if (!adapter) return part;
  const { a, b, scale, dropout } = adapter;
  const input = dropout ? tf.mul<Tensor2D>(x, dropoutMask(x.shape, dropout.rate, dropout.rng())) : x;
  return { ...part, change: { input, a: tf.mul<Tensor2D>(a, scale), b: b as Tensor2D } };
}

/** Adds every adapter to the matrix that it adapts, in place: the weights without adapters then are the adapted model. */
export function mergeAdapters(weights: ModelWeights): void {
  shiftMatrices(weights, 1);
}

/** Takes back `mergeAdapters`, up to rounding. */
export function unmergeAdapters(weights: ModelWeights): void {
  shiftMatrices(weights, -1);
}

function shiftMatrices(weights: ModelWeights, sign: 1 | -1): void {
  for (const { weight, adapter } of linearsOf(weights).values()) {
    if (!adapter) continue;
    tf.tidy(() => {
      weight.assign(tf.add(weight, changeOf(adapter, sign)));
    });
  }
}

/** sign · scale · B·A */
function changeOf({ a, b, scale }: Adapter, sign: 1 | -1): Tensor2D {
  return tf.tidy(() => tf.matMul(tf.mul<Tensor2D>(b, sign * scale), a as Tensor2D));
}

/** The values of a matrix with its adapter added. The matrix stays as it is, in half precision too: nothing computes with it. */
export async function mergedValues(weight: Variable, adapter: Adapter): Promise<Float32Array> {
  const values = (await weight.data<'float32'>()).slice(); // what some engines give is the matrix itself
  const product = changeOf(adapter, 1);
  const change = await product.data<'float32'>();
  product.dispose();
  for (let i = 0; i < values.length; i++) values[i] += change[i];
  return values;
}

/** 0 for the share `rate`, 1 / (1 - rate) for the others, so that the mean stays. */
export function dropoutMask(shape: [number, number], rate: number, rng: Rng): Tensor2D {
  const mask = new Float32Array(shape[0] * shape[1]);
  const kept = 1 / (1 - rate);
  for (let i = 0; i < mask.length; i++) if (rng.next() >= rate) mask[i] = kept; // as many as a step has activations
  return tf.tensor2d(mask, shape);
}

/** Every matrix that can be adapted, by the name of its module. */
export function linearsOf(weights: ModelWeights): Map<string, Linear> {
  const linears = new Map<string, Linear>();
  mapLinears(weights, (module, one) => {
    linears.set(module, one);
    return one;
  });
  return linears;
}

/** The same record with every matrix that can be adapted replaced. */
function mapLinears(weights: ModelWeights, change: (module: string, linear: Linear) => Linear): ModelWeights {
  const changed = (layer: LayerWeights, index: number): LayerWeights => {
    const linears = Object.entries(MODULES).map(([place, module]) => [
      place,
      change(`model.layers.${index}.${module}`, layer[place as Place]),
    ]);
    return { ...layer, ...(Object.fromEntries(linears) as Record<Place, Linear>) };
  };
  return { ...weights, layers: weights.layers.map(changed) };
}
