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

/**
 * Rows padded to T tokens, with N tokens to predict. A row is a prompt and its completion; or, where prompts are shared, a
 * prompt once and all of its completions one after another. Dispose with `tf.dispose`.
 */
export interface TokenBatch {
  /** int32 [B, T] */
  readonly ids: tf.Tensor2D;
  /** int32 [N]: the rows of the hidden states [B·T, D] that predict the tokens, in the order of the sequences. */
  readonly rows: tf.Tensor1D;
  /** int32 [N] */
  readonly targets: tf.Tensor1D;
  /** int32 [B, T], where prompts are shared: the position of each token in its own sequence. */
  readonly positions?: tf.Tensor2D;
  /** int32 [B], where prompts are shared: their lengths. */
  readonly prefixes?: tf.Tensor1D;
}

/**
 * Sequences of like length together, `maxTokens` padded tokens at most (but at least one sequence) in each. Where prompts
 * are shared, sequences with the same array of prompt ids stay together as far as that bound allows.
 */
export function microBatches<S extends TokenSequence>(
  sequences: readonly S[],
  maxTokens: number,
  shares = false,
): S[][] {
  const rows = shares ? rowsOf(sequences, maxTokens) : sequences.map((sequence) => [sequence]);
  const batches: { readonly longest: number; readonly rows: S[][] }[] = [];
  for (const row of rows.sort((a, b) => rowLength(b) - rowLength(a))) {
    const open = batches.at(-1);
    if (open && (open.rows.length + 1) * open.longest <= maxTokens) open.rows.push(row);
    else batches.push({ longest: rowLength(row), rows: [row] });
  }
  return batches.map((batch) => batch.rows.flat());
}

/** What a micro-batch of such sequences comes to, padding included. */
export function paddedTokens(sequences: readonly TokenSequence[], shares = false): number {
  const rows = rowsIn(sequences, shares);
  return rows.length * Math.max(...rows.map(rowLength));
}

/** Sequences by their prompts, `maxTokens` tokens at most in each row. */
function rowsOf<S extends TokenSequence>(sequences: readonly S[], maxTokens: number): S[][] {
  const byPrompt = new Map<readonly number[], S[][]>();
  for (const sequence of sequences) {
    const rows = byPrompt.get(sequence.promptIds) ?? [];
    const open = rows.at(-1);
    if (open && rowLength(open) + sequence.tokens.length <= maxTokens) open.push(sequence);
    else rows.push([sequence]);
    byPrompt.set(sequence.promptIds, rows);
  }
  return [...byPrompt.values()].flat();
}

function rowLength(row: readonly TokenSequence[]): number {
  return row.reduce((sum, { tokens }) => sum + tokens.length, row[0].promptIds.length);
}

/** @param shares whether completions of the same prompt, which must follow one another, become one row. */
export function tokenBatch(sequences: readonly TokenSequence[], shares = false): TokenBatch {
  const rows = rowsIn(sequences, shares);
  const inputs = rows.map((row) => [...row[0].promptIds, ...row.flatMap(read)]);
  const time = Math.max(...inputs.map((input) => input.length));
  const sources = rows.flatMap((row, r) => sourcesOf(row).map((place) => r * time + place));
  const isShared = rows.length < sequences.length;
  return {
    ids: paddedIds(inputs, time),
    rows: tf.tensor1d(sources, 'int32'),
    targets: tf.tensor1d(
      perToken(sequences, (sequence, token) => sequence.tokens[token]),
      'int32',
    ),
    ...(isShared && {
      positions: paddedIds(
        rows.map((row) => positionsOf(row, time)),
        time,
      ),
      prefixes: tf.tensor1d(
        rows.map(([{ promptIds }]) => promptIds.length),
        'int32',
      ),
    }),
  };
}

/** Each by itself; where prompts are shared, those together that follow one another with the same prompt. */
function rowsIn(sequences: readonly TokenSequence[], shares: boolean): TokenSequence[][] {
  if (!shares) return sequences.map((sequence) => [sequence]);
  const rows: TokenSequence[][] = [];
  for (const sequence of sequences) {
    const open = rows.at(-1);
    if (open?.[0].promptIds === sequence.promptIds) open.push(sequence);
    else rows.push([sequence]);
  }
  return rows;
}

/** The last token is only predicted, never read. */
function read({ tokens }: TokenSequence): readonly number[] {
  return tokens.slice(0, -1);
}

/** Where in its row stands what predicts each token: the prompt's last token, then the completion's own. */
function sourcesOf(row: readonly TokenSequence[]): number[] {
  const prompt = row[0].promptIds.length;
  let next = prompt;
  return row.flatMap(({ tokens }) => {
    const first = next;
    next += tokens.length - 1;
    return tokens.map((_, token) => (token === 0 ? prompt - 1 : first + token - 1));
  });
}

/** Of a row's tokens, each in its own sequence; padding goes on from the last. */
function positionsOf(row: readonly TokenSequence[], time: number): number[] {
  const prompt = row[0].promptIds.length;
  const own = row.flatMap((sequence) => read(sequence).map((_, token) => prompt + token));
  const positions = [...Array.from({ length: prompt }, (_, position) => position), ...own];
  while (positions.length < time) positions.push(positions[positions.length - 1] + 1);
  return positions;
}

/** One number for each of the N tokens. */
export function perToken<S extends TokenSequence>(
  sequences: readonly S[],
  value: (sequence: S, token: number, row: number) => number,
): number[] {
  return sequences.flatMap((sequence, row) => sequence.tokens.map((_, token) => value(sequence, token, row)));
}

/** How `predict` prepares for gradients, which are right either way. */
export interface PredictOptions {
  /** See checkpointing.ts. */
  readonly checkpointing?: boolean;
  /** Entropies will be differentiated too. */
  readonly entropies?: boolean;
}

/** Log-probability and entropy of each token to predict: [N, 2], differentiable. */
export function predict(
  policy: Policy,
  batch: TokenBatch,
  temperature: number,
  { checkpointing = false, entropies = false }: PredictOptions = {},
): tf.Tensor2D {
  const { weights, config } = policy;
  const { ids, positions, prefixes, rows, targets } = batch;
  const hidden = tf.gather(hiddenStates(weights, config, ids, { positions, prefixes, checkpointing }), rows);
  return tokenLogProbs(hidden, weights.head as tf.Tensor2D, targets, temperature, entropies);
}
