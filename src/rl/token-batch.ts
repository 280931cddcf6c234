/**
 * @file Sequences of prompt and completion as padded tensors, and what the model predicts at the completion's tokens.
 */
import * as tf from '@tensorflow/tfjs-core';
import { paddedIds } from '../model/composed-decoder.ts';
import { tokenLogProbs } from '../model/ops.ts';
import type { Policy } from '../model/policy.ts';
import { hiddenStates } from '../model/transformer.ts';

export interface TokenSequence {
  readonly promptIds: readonly number[];
  /** The tokens to be predicted. */
  readonly tokens: readonly number[];
}

/** B sequences padded to T tokens, with N tokens to predict. Dispose with `tf.dispose`. */
export interface TokenBatch {
  /** int32 [B, T] */
  readonly ids: tf.Tensor2D;
  /** int32 [N]: the rows of the hidden states [B·T, D] that predict the tokens. */
  readonly rows: tf.Tensor1D;
  /** int32 [N] */
  readonly targets: tf.Tensor1D;
}

/** Sequences of like length together, `maxTokens` padded tokens at most (but at least one sequence) in each. */
export function microBatches<S extends TokenSequence>(sequences: readonly S[], maxTokens: number): S[][] {
  const length = ({ promptIds, tokens }: S): number => promptIds.length + tokens.length;
  const batches: S[][] = [];
  for (const sequence of [...sequences].sort((a, b) => length(b) - length(a))) {
    const open = batches.at(-1);
    if (open && (open.length + 1) * length(open[0]) <= maxTokens) open.push(sequence);
    else batches.push([sequence]);
  }
  return batches;
}

export function tokenBatch(sequences: readonly TokenSequence[]): TokenBatch {
  // The last token is only predicted, never read.
  const inputs = sequences.map(({ promptIds, tokens }) => [...promptIds, ...tokens.slice(0, -1)]);
  const time = Math.max(...inputs.map((input) => input.length));
  return {
    ids: paddedIds(inputs, time),
    rows: tf.tensor1d(
      perToken(sequences, (sequence, token, row) => row * time + sequence.promptIds.length - 1 + token),
      'int32',
    ),
    targets: tf.tensor1d(
      perToken(sequences, (sequence, token) => sequence.tokens[token]),
      'int32',
    ),
  };
}

/** One number for each of the N tokens. */
export function perToken<S extends TokenSequence>(
  sequences: readonly S[],
  value: (sequence: S, token: number, row: number) => number,
): number[] {
  return sequences.flatMap((sequence, row) => sequence.tokens.map((_, token) => value(sequence, token, row)));
}

/** Log-probability and entropy of each token to predict: [N, 2], differentiable. */
export function predict(policy: Policy, batch: TokenBatch, temperature: number, checkpointing = false): tf.Tensor2D {
  const hidden = hiddenStates(policy.weights, policy.config, batch.ids, { checkpointing });
  return tokenLogProbs(tf.gather(hidden, batch.rows), policy.weights.head as tf.Tensor2D, batch.targets, temperature);
}
