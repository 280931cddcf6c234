// The whole model in one call: a thread takes some rows (tokens at a position of a sequence) through all layers.
//
// No thread waits for another: rows of one step belong to different sequences, and a prompt is read by one thread.

import { attend, remember } from './decode-attention';
import { multiplyPacked, packedScratch, putBias } from './gemm';
import { FLOAT32, widenRow } from './half';
import { at } from './math';
import { Layer, Model, Sampling, Step } from './model';
import { rmsNorm } from './rms-norm';
import { rotateHead } from './rotary';
import { sample } from './sampling';
import { swiglu4 } from './swiglu';
import { scratchOf } from './thread';

/** Tokens of a prompt that go through the layers together. */
const PROMPT_ROWS: i32 = 60;

/** Floats of qkv for one row. */
// @ts-ignore: decorator
@inline
function qkvFloats(model: Model): i32 {
  return (model.heads + 2 * model.keyValueHeads) * model.headSize;
}

/** Floats of activations for one row. */
// @ts-ignore: decorator
@inline
function rowFloats(model: Model): i32 {
  return 2 * model.hidden + model.heads * model.headSize + qkvFloats(model) + 2 * model.feedForward;
}

/** Bytes of scratch a thread needs to take `rows` rows at a time. */
export function decodeScratch(modelAt: usize, rows: i32): usize {
  const model = changetype<Model>(modelAt);
  const floats = max(rows, PROMPT_ROWS) * rowFloats(model) + model.length + model.vocabulary + 64;
  return packedScratch() + ((<usize>floats) << 2);
}

/** out [rows, N] = x [rows, K] · W (+ bias, + out) for packed W; the rows of x are `ldx` floats apart. */
// @ts-ignore: decorator
@inline
function project(
  rows: i32, N: i32, K: i32, x: usize, ldx: i32, matrix: usize, bias: usize, out: usize, adds: i32, scratch: usize,
): void {
  if (bias) putBias(0, rows, 0, N, bias, out, N, adds);
  multiplyPacked(0, rows, 0, N, N, K, x, ldx, 1, matrix, out, N, i32(adds || bias != 0), scratch);
}

/** Turns queries and keys of qkv rows [first, last) [(H + 2K)·E] to their positions and stores keys and values. */
export function rememberRows(
  first: i32, last: i32, modelAt: usize, index: i32, slots: usize, positions: usize, qkv: usize,
): void {
  const model = changetype<Model>(modelAt), layer = model.layer(index), size = model.headSize, half = size >> 1;
  const queries = model.heads * size, keys = model.keyValueHeads * size;
  for (let r = first; r < last; r++) {
    const row = at(qkv, r * qkvFloats(model)), position = load<i32>(at(positions, r));
    if (layer.queryNorm) rmsNorm(0, model.heads, size, model.epsilon, row, layer.queryNorm, row);
    if (layer.keyNorm) rmsNorm(0, model.keyValueHeads, size, model.epsilon, at(row, queries), layer.keyNorm, at(row, queries));
    for (let head: i32 = 0; head < model.heads + model.keyValueHeads; head++) {
      const x = at(row, head * size);
      rotateHead(half, 1, at(model.cos, position * half), at(model.sin, position * half), x, x);
    }
    remember(model, index, load<i32>(at(slots, r)), position, at(row, queries), at(row, queries + keys));
  }
}

// @ts-ignore: decorator
@inline
function attendEach(
  first: i32, last: i32, model: Model, index: i32, slots: usize, positions: usize, qkv: usize, mixed: usize, scores: usize,
): void {
  for (let r = first; r < last; r++) {
    const slot = load<i32>(at(slots, r)), position = load<i32>(at(positions, r));
    attend(model, index, slot, position, at(qkv, r * qkvFloats(model)), at(mixed, r * model.heads * model.headSize), scores);
  }
}

/** Rows [first, last) of qkv attend over what their sequences have stored → mixed [rows, H·E]. */
export function attendRows(
  first: i32, last: i32, scratch: usize, stride: usize, modelAt: usize, index: i32, slots: usize, positions: usize,
  qkv: usize, mixed: usize,
): void {
  attendEach(first, last, changetype<Model>(modelAt), index, slots, positions, qkv, mixed, scratchOf(scratch, stride));
}

/** gateUp rows [2F] become silu(gate)·up in their first half; the halves stay where they are, 2F apart. */
// @ts-ignore: decorator
@inline
function activate(rows: i32, F: i32, gateUp: usize): void {
  for (let r: i32 = 0; r < rows; r++) {
    const gate = at(gateUp, r * 2 * F), up = at(gate, F);
    let i: i32 = 0;
    for (; i + 4 <= F; i += 4) v128.store(at(gate, i), swiglu4(v128.load(at(gate, i)), v128.load(at(up, i))));
    for (; i < F; i++) {
      const y = swiglu4(v128.load32_splat(at(gate, i)), v128.load32_splat(at(up, i)));
      store<f32>(at(gate, i), f32x4.extract_lane(y, 0));
    }
  }
}

function embedToken(model: Model, token: i32, out: usize): void {
  const D = model.hidden;
  if (model.embeddingPrecision == FLOAT32) memory.copy(out, at(model.embedding, token * D), (<usize>D) << 2);
  else widenRow(model.embeddingPrecision, D, model.embedding, token, out);
}

/** Takes rows through all layers; x [rows, D] holds the normalised hidden states afterwards. */
function forward(model: Model, rows: i32, tokens: usize, slots: usize, positions: usize, scratch: usize): usize {
  const D = model.hidden, F = model.feedForward, queries = model.heads * model.headSize, width = qkvFloats(model);
  const x = scratch + packedScratch(), normed = at(x, rows * D), qkv = at(normed, rows * D);
  const mixed = at(qkv, rows * width), gateUp = at(mixed, rows * queries), scores = at(gateUp, rows * 2 * F);
  for (let r: i32 = 0; r < rows; r++) embedToken(model, load<i32>(at(tokens, r)), at(x, r * D));
  for (let index: i32 = 0; index < model.layers; index++) {
    const layer = model.layer(index);
    rmsNorm(0, rows, D, model.epsilon, x, layer.inputNorm, normed);
    project(rows, width, D, normed, D, layer.qkv, layer.qkvBias, qkv, 0, scratch);
    rememberRows(0, rows, changetype<usize>(model), index, slots, positions, qkv);
    attendEach(0, rows, model, index, slots, positions, qkv, mixed, scores);
    project(rows, D, queries, mixed, queries, layer.output, layer.outputBias, x, 1, scratch);
    feedForward(model, layer, rows, x, normed, gateUp, scratch);
  }
  rmsNorm(0, rows, D, model.epsilon, x, model.norm, normed);
  return normed;
}

// @ts-ignore: decorator
@inline
function feedForward(model: Model, layer: Layer, rows: i32, x: usize, normed: usize, gateUp: usize, scratch: usize): void {
  const D = model.hidden, F = model.feedForward;
  rmsNorm(0, rows, D, model.epsilon, x, layer.postNorm, normed);
  project(rows, 2 * F, D, normed, D, layer.gateUp, layer.gateUpBias, gateUp, 0, scratch);
  activate(rows, F, gateUp);
  project(rows, D, F, gateUp, 2 * F, layer.down, layer.downBias, x, 1, scratch);
}

/** Samples for rows [first, last) of a step from the logits their sources name. */
export function sampleRows(
  first: i32, last: i32, scratch: usize, stride: usize, modelAt: usize, stepAt: usize, samplingAt: usize,
): void {
  const step = changetype<Step>(stepAt), vocabulary = changetype<Model>(modelAt).vocabulary;
  for (let r = first; r < last; r++) {
    const logits = at(step.logits, load<i32>(at(step.sources, r)) * vocabulary);
    const seen = step.seen ? at(step.seen, load<i32>(at(step.slots, r)) * ((vocabulary + 31) >> 5)) : 0;
    const token = sample(
      vocabulary, logits, load<f32>(at(step.uniforms, r)), changetype<Sampling>(samplingAt), seen, scratchOf(scratch, stride),
      at(step.outLogProbs, r), at(step.outSamplingLogProbs, r),
    );
    store<i32>(at(step.outTokens, r), token);
  }
}

/** Rows [first, last) of a step: read a token each, choose the next. */
export function decodeStep(
  first: i32, last: i32, scratch: usize, stride: usize, modelAt: usize, stepAt: usize, samplingAt: usize,
): void {
  const model = changetype<Model>(modelAt), step = changetype<Step>(stepAt), mine = scratchOf(scratch, stride);
  const rows = last - first;
  const hidden = forward(model, rows, at(step.tokens, first), at(step.slots, first), at(step.positions, first), mine);
  const logits = at(step.logits, first * model.vocabulary);
  project(rows, model.vocabulary, model.hidden, hidden, model.hidden, model.head, 0, logits, 0, mine);
  sampleRows(first, last, scratch, stride, modelAt, stepAt, samplingAt);
}

/**
 * Reads prompts [first, last). Prompt p has tokens [starts[p], starts[p + 1]) of the arrays of tokens, slots and
 * positions; the logits of what follows it become row p of `logits`.
 */
export function readPrompts(
  first: i32, last: i32, scratch: usize, stride: usize, modelAt: usize,
  starts: usize, tokens: usize, slots: usize, positions: usize, logits: usize,
): void {
  const model = changetype<Model>(modelAt), mine = scratchOf(scratch, stride), D = model.hidden;
  for (let p = first; p < last; p++) {
    const end = load<i32>(at(starts, p + 1));
    for (let t = load<i32>(at(starts, p)); t < end; t += PROMPT_ROWS) {
      const rows = min(PROMPT_ROWS, end - t);
      const hidden = forward(model, rows, at(tokens, t), at(slots, t), at(positions, t), mine);
      if (t + rows < end) continue;
      const row = at(logits, p * model.vocabulary);
      project(1, model.vocabulary, D, at(hidden, (rows - 1) * D), D, model.head, 0, row, 0, mine);
    }
  }
}

/** Sequences [first, last) get a copy of what the first of their group of `group` has read. */
export function sharePrompts(first: i32, last: i32, modelAt: usize, group: i32): void {
  const model = changetype<Model>(modelAt);
  const bytes = (<usize>(model.keyValueHeads * model.headFloats())) << 2;
  for (let slot = first; slot < last; slot++) {
    const leader = slot - (slot % group);
    if (leader == slot) continue;
    for (let layer: i32 = 0; layer < model.layers; layer++) {
      const to = model.slotAt(layer, slot), from = model.slotAt(layer, leader);
      memory.copy(at(model.keys, to), at(model.keys, from), bytes);
      memory.copy(at(model.values, to), at(model.values, from), bytes);
    }
  }
}
