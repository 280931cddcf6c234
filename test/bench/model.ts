/**
 * @file A model with random weights in the shape that engines are compared with: 2.76 million parameters.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayerWeights, Linear, ModelConfig, ModelWeights } from '../../src/model/weights.ts';

export const benchConfig: ModelConfig = {
  hiddenSize: 192,
  layers: 6,
  heads: 6,
  keyValueHeads: 2,
  headSize: 32,
  feedForwardSize: 512,
  vocabularySize: 2048,
  ropeTheta: 10000,
  rmsNormEpsilon: 1e-6,
  tiedEmbeddings: true,
  maxPositions: 512,
};

/** Weights for a configuration, tied, reproducible. The caller disposes them. */
export function randomWeights(config: ModelConfig): ModelWeights {
  let seed = 0;
  const matrix = (rows: number, columns: number, deviation = 0.06): tf.Variable =>
    tf.tidy(() => tf.variable(tf.randomNormal([rows, columns], 0, deviation, 'float32', ++seed)));
  const ones = (size = config.hiddenSize): tf.Variable => tf.tidy(() => tf.variable(tf.ones([size])));
  const bias = (size: number): tf.Variable =>
    tf.tidy(() => tf.variable(tf.randomNormal([size], 0, 0.02, 'float32', ++seed)));
  const { hiddenSize, feedForwardSize, headSize } = config;
  const [queries, keys] = [config.heads * headSize, config.keyValueHeads * headSize];
  const layer = (): LayerWeights => ({
    inputNorm: ones(),
    query: { weight: matrix(queries, hiddenSize), bias: bias(queries) },
    key: { weight: matrix(keys, hiddenSize), bias: bias(keys) },
    value: { weight: matrix(keys, hiddenSize), bias: bias(keys) },
    ...(config.queryKeyNorm && { queryNorm: ones(headSize), keyNorm: ones(headSize) }),
    output: { weight: matrix(hiddenSize, queries, 0.04) },
    postNorm: ones(),
    gate: { weight: matrix(feedForwardSize, hiddenSize) },
    up: { weight: matrix(feedForwardSize, hiddenSize) },
    down: { weight: matrix(hiddenSize, feedForwardSize, 0.04) },
  });
  const embedding = matrix(config.vocabularySize, hiddenSize);
  return {
    embedding,
    layers: Array.from({ length: config.layers }, layer),
    norm: ones(),
    head: config.tiedEmbeddings ? embedding : matrix(config.vocabularySize, hiddenSize),
  };
}

/** Every variable once. */
export function variablesOf(weights: ModelWeights): tf.Variable[] {
  const all = weights.layers.flatMap((layer) =>
    (Object.values(layer) as (tf.Variable | Linear)[]).flatMap((part) => {
      if (part instanceof tf.Variable) return [part];
      return part.bias ? [part.weight, part.bias] : [part.weight];
    }),
  );
  return [...new Set([weights.embedding, ...all, weights.norm, weights.head])];
}
