/**
 * @file How much memory the embedded engine needs for a training, from shapes and settings alone: pure arithmetic, so that
 * what does not fit is said before anything is loaded. `test/unit/model/memory-estimate.test.ts` holds it to the engine.
 *
 * What stays is the sum of
 *
 *     weights     4 bytes each; 2 where their file has half precision and no training changes them, and then, for large
 *                 models, outside the 4 GiB of the kernels' memory (far-weights.ts)
 *     reference   the frozen start policy, which is a copy only where every weight trains
 *     optimizer   8 bytes for each trained weight: two moments
 *
 * To that comes the largest of the phases, which follow one another. With D, F, Q, K, V, L the sizes of the residual
 * stream, the feed-forward part, all queries, all keys, the vocabulary and the number of layers, and N padded tokens in a
 * micro-batch (all but the vocabulary's rows in float32):
 *
 *     rollout     keys and values 2·L·K for each position of each completion, a row of V logits for each completion, and
 *                 a copy of the weights where those are repacked (engine/decoder.ts)
 *     scoring     N·(7·D + 3·Q + 3·K + 3·F): one layer without a gradient
 *     update      4 bytes for each trained weight, and what is kept repacked of it; then at first N·(4·D + 2·Q + 2·K + 3·F) values
 *                 that are kept of each layer, or with checkpointing N·D and the values of one, N of some logits at a time and
 *                 the gradients of one layer; at last, when those are let go of, 4 bytes more for each trained weight
 */
import { decoderBytes, repacks, SPARE_BYTES } from './engine/decoder-size.ts';
import { keptPanelBytes } from './engine/kept-panels.ts';
import { logitColumns } from './engine/logit-columns.ts';
import { farWeights } from './far-weights.ts';
import type { LoraConfig } from './lora.ts';
import { parameterShapes } from './parameter-shapes.ts';
import { type ModelConfig, sharesPrompts } from './weights.ts';

/** What a training asks of its model. */
export interface MemoryPlan {
  readonly config: ModelConfig;
  /** The file of the weights is in half precision. */
  readonly isHalf: boolean;
  /** Undefined: every weight trains. */
  readonly lora?: Pick<LoraConfig, 'rank' | 'targets'>;
  readonly prompts: number;
  readonly groupSize: number;
  /** Of the longest prompt. */
  readonly promptTokens: number;
  readonly newTokens: number;
  /** Queries of an evaluation that decode together. */
  readonly evaluated: number;
  readonly microBatchTokens: number;
  /** See rl/gradient-batches.ts for what `auto` comes to. */
  readonly checkpointing: 'auto' | 'on' | 'off';
}

export type MemoryPhase = 'rollout' | 'scoring' | 'update';

export interface MemoryEstimate {
  readonly parameters: number;
  readonly trained: number;
  readonly weightBytes: number;
  readonly referenceBytes: number;
  readonly optimizerBytes: number;
  /** Beside what stays. */
  readonly phaseBytes: Readonly<Record<MemoryPhase, number>>;
  readonly largest: MemoryPhase;
  /** What stays and the largest phase. */
  readonly peakBytes: number;
  /** Weights among these that lie outside the kernels' memory. */
  readonly farBytes: number;
}

/** What a product repacks at a time; see engine/products.ts. */
const PANEL_BYTES = 2 ** 23;
/** Scratch of the threads, tables of angles, ids and what else is small. */
const SMALL_BYTES = 2 ** 23;

/** What the kernels can address; all but far weights must fit into it. */
export const ENGINE_BYTES = 2 ** 32 - 2 ** 17;

export function estimateMemory(plan: MemoryPlan): MemoryEstimate {
  const { config, lora } = plan;
  const counts = parameterCounts(config);
  const trained = lora ? adapterCount(config, lora) : counts.matrices + counts.vectors;
  const half = counts.matrices * (plan.isHalf ? 2 : 4) + counts.vectors * 4;
  const weightBytes = lora ? half + trained * 4 : trained * 4;
  const referenceBytes = lora ? 0 : half;
  const optimizerBytes = trained * 8;
  const far = plan.isHalf ? [...farWeights(config).values()] : [];
  const farBytes = far.reduce((sum, bytes) => sum + bytes, 0);
  const standing = weightBytes + referenceBytes + optimizerBytes;
  const lentBytes = Math.max(0, ...far); // the one that a product has near
  const phaseBytes = {
    rollout: rolloutBytes(plan, ENGINE_BYTES - (standing - farBytes)),
    scoring: scoringBytes(plan) + lentBytes,
    update: updateBytes(plan, trained) + lentBytes,
  };
  const phases = Object.entries(phaseBytes) as [MemoryPhase, number][];
  const [largest, most] = phases.reduce((best, phase) => (phase[1] > best[1] ? phase : best));
  return {
    parameters: counts.matrices + counts.vectors,
    trained,
    weightBytes,
    referenceBytes,
    optimizerBytes,
    phaseBytes,
    largest,
    peakBytes: standing + most + SMALL_BYTES,
    farBytes,
  };
}

/**
 * Bytes that a gradient over `tokens` tokens keeps of all layers without checkpointing: for each token and layer the
 * residual stream and its norm, twice, what attention mixed, queries, keys, values, and the three activations of the
 * feed-forward part.
 */
export function keptBytes(config: ModelConfig, tokens: number): number {
  return 4 * tokens * config.layers * keptFloats(config);
}

/** More than this is not kept for a gradient unless asked to: a small part of any machine's memory. */
const MOST_KEPT_BYTES = 2 ** 31;

/** How many tokens' values come to no more than what may be kept of all layers. */
export function mostKeptTokens(config: ModelConfig): number {
  return Math.floor(MOST_KEPT_BYTES / keptBytes(config, 1));
}

function keptFloats(config: ModelConfig): number {
  const { D, F, Q, K } = sizesOf(config);
  const norms = config.queryKeyNorm ? Q + K : 0;
  return 4 * D + 2 * Q + 2 * K + 3 * F + norms;
}

/** For each token, the gradients that exist at a time: of the stream, its norm and the feed-forward part, or of attention. */
function gradientFloats(config: ModelConfig): number {
  const { D, F, Q, K } = sizesOf(config);
  return 2 * D + Math.max(2 * F, 3 * Q + 2 * K);
}

function rolloutBytes(plan: MemoryPlan, roomBytes: number): number {
  const { config, prompts, groupSize, promptTokens, newTokens, evaluated } = plan;
  const prompt = Array.from({ length: promptTokens }, () => 0);
  const decoding = (count: number, copies: number): number => {
    const options = { prompts: Array.from({ length: count }, () => prompt), copies, maxNewTokens: newTokens };
    const { packed, pass, others } = decoderBytes(config, options);
    return others + (repacks(packed, roomBytes - others - SPARE_BYTES) ? packed : pass);
  };
  return Math.max(decoding(prompts, groupSize), decoding(evaluated, 1));
}

/** Padded tokens of the largest micro-batch, and how many of them are predicted; see rl/token-batch.ts. */
function microBatch(plan: MemoryPlan): { readonly tokens: number; readonly predicted: number } {
  const { config, promptTokens, newTokens, microBatchTokens, prompts, groupSize } = plan;
  const fitting = Math.max(1, Math.floor((microBatchTokens - promptTokens) / newTokens));
  const completions = sharesPrompts(config) ? Math.min(groupSize, fitting) : 1;
  const rowTokens = promptTokens + completions * newTokens;
  const rows = Math.max(1, Math.min((prompts * groupSize) / completions, Math.floor(microBatchTokens / rowTokens)));
  return { tokens: rows * (rowTokens - completions), predicted: rows * completions * newTokens };
}

/** One layer's values, or the head's logits, without a gradient. */
function scoringBytes(plan: MemoryPlan): number {
  const { D, F, Q, K } = sizesOf(plan.config);
  const { tokens } = microBatch(plan);
  const layer = tokens * (7 * D + 3 * Q + 3 * K + 3 * F) * 4 + panelBytes(plan.config);
  return Math.max(layer, tokens * D * 4 + headBytes(plan));
}

/** Of `auto`, both that it may come to: longer prompts are computed again. */
function updateBytes(plan: MemoryPlan, trained: number): number {
  const { config, checkpointing, microBatchTokens, promptTokens, newTokens } = plan;
  if (checkpointing !== 'auto') return gradientBytes(plan, trained, checkpointing === 'on');
  const most = mostKeptTokens(config);
  if (microBatchTokens <= most) return gradientBytes(plan, trained, false);
  const again = gradientBytes(plan, trained, true);
  if (most <= newTokens) return again;
  const kept = { ...plan, microBatchTokens: most, promptTokens: Math.min(promptTokens, most - newTokens) };
  return Math.max(again, gradientBytes(kept, trained, false));
}

/** At first there are the values of all layers, at last the gradients of all weights. */
function gradientBytes(plan: MemoryPlan, trained: number, checkpointing: boolean): number {
  const { config, lora } = plan;
  const { D } = sizesOf(config);
  const { tokens } = microBatch(plan);
  const between = lora ? lora.rank * lora.targets.length : 0; // an adapter's two matrices
  const held = checkpointing
    ? tokens * D * config.layers * 4
    : keptBytes(config, tokens) + tokens * between * config.layers * 4;
  const layer = tokens * gradientFloats(config) * 4 + panelBytes(config);
  const again = checkpointing ? tokens * keptFloats(config) * 4 : 0;
  const matrix = lora ? 0 : config.vocabularySize * D * 4;
  const first = held + matrix + Math.max(headBytes(plan), again + layer);
  // Last comes the embedding. Tied, it has a gradient from either end, and their sum.
  const last = trained * 4 + Math.max(again + layer, tokens * 2 * D * 4 + (config.tiedEmbeddings ? 2 * matrix : 0));
  return trained * 4 + keptPanelBytes(trained) + Math.max(first, last);
}

/** Logits of a part of the vocabulary, hidden states, and two of their size: their gradient, or what it is made of. */
function headBytes(plan: MemoryPlan): number {
  const { vocabularySize, hiddenSize } = plan.config;
  const { predicted } = microBatch(plan);
  const columns = logitColumns(predicted, vocabularySize);
  return predicted * columns * 4 + 3 * predicted * hiddenSize * 4 + panelBytes(plan.config, columns);
}

/** What a product repacks of its right operand at a time. */
function panelBytes(config: ModelConfig, outputs = config.feedForwardSize): number {
  return Math.min(PANEL_BYTES, outputs * config.hiddenSize * 4);
}

function sizesOf(config: ModelConfig): { D: number; F: number; Q: number; K: number } {
  const { hiddenSize: D, feedForwardSize: F, headSize, heads, keyValueHeads } = config;
  return { D, F, Q: heads * headSize, K: keyValueHeads * headSize };
}

function parameterCounts(config: ModelConfig): { matrices: number; vectors: number } {
  let [matrices, vectors] = [0, 0];
  for (const shape of parameterShapes(config).values()) {
    if (shape.length === 2) matrices += shape[0] * shape[1];
    else vectors += shape[0];
  }
  return { matrices, vectors };
}

/** A [r, in] and B [out, r] of every target. */
function adapterCount(config: ModelConfig, { rank, targets }: Pick<LoraConfig, 'rank' | 'targets'>): number {
  return [...parameterShapes(config)]
    .filter(([name, shape]) => shape.length === 2 && targets.includes(name.split('.').at(-2)!))
    .reduce((sum, [, [outputs, inputs]]) => sum + rank * (outputs + inputs), 0);
}
