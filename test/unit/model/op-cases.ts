/**
 * @file What the operations of src/model/ops.ts must compute, written a second time as plain loops in float64, and the
 * checks that hold any backend to it: values against the loops, gradients against the loops' finite differences.
 */
import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { rngFrom } from '../../../src/base/rng.ts';
import * as ops from '../../../src/model/ops.ts';
import { inverseFrequencies } from '../../../src/model/rope.ts';

export interface OpCase {
  readonly name: string;
  /** Shapes of the float inputs that the operation is differentiated by. */
  readonly shapes: readonly (readonly number[])[];
  /** Shapes of inputs that follow, which are variables that are not trainable. */
  readonly frozen?: readonly (readonly number[])[];
  run(inputs: tf.Tensor[]): tf.Tensor;
  reference(inputs: readonly Float64Array[]): Float64Array;
}

export function linearCase(rows: number, input: number, output: number, hasBias: boolean): OpCase {
  return {
    name: `linear ${rows}x${input}x${output}${hasBias ? ' with bias' : ''}`,
    shapes: [[rows, input], [output, input], ...(hasBias ? [[output]] : [])],
    run: ([x, weight, bias]) => ops.linear(x as tf.Tensor2D, weight as tf.Tensor2D, bias as tf.Tensor1D | undefined),
    reference: ([x, weight, bias]) => {
      const out = new Float64Array(rows * output);
      for (let n = 0; n < rows; n++) {
        for (let o = 0; o < output; o++) {
          let sum = hasBias ? bias[o] : 0;
          for (let i = 0; i < input; i++) sum += x[n * input + i] * weight[o * input + i];
          out[n * output + o] = sum;
        }
      }
      return out;
    },
  };
}

/** Two linears of the same rows, side by side. */
export function linearsCase(rows: number, input: number, outputs: readonly [number, number], hasBias: boolean): OpCase {
  const cases = outputs.map((output) => linearCase(rows, input, output, hasBias));
  const weights = outputs.map((output) => [output, input]);
  return {
    name: `linears ${rows}x${input}x${outputs.join('+')}${hasBias ? ' with biases' : ''}`,
    shapes: [[rows, input], ...weights, ...(hasBias ? outputs.map((output) => [output]) : [])],
    run: ([x, ...others]) => {
      const part = (i: number): ops.LinearPart => ({
        weight: others[i] as tf.Tensor2D,
        ...(hasBias && { bias: others[2 + i] as tf.Tensor1D }),
      });
      return tf.concat(ops.linears(x as tf.Tensor2D, [part(0), part(1)]), 1);
    },
    reference: ([x, ...others]) =>
      sideBySide(
        rows,
        cases.map((one, i) => one.reference([x, others[i], ...(hasBias ? [others[2 + i]] : [])])),
      ),
  };
}

function sideBySide(rows: number, parts: readonly Float64Array[]): Float64Array {
  const row = (values: Float64Array, n: number): number[] => {
    const width = values.length / rows;
    return [...values.subarray(n * width, (n + 1) * width)];
  };
  return Float64Array.from(Array.from({ length: rows }, (_, n) => parts.flatMap((part) => row(part, n))).flat());
}

/** What dropout leaves of x is an input of its own. */
export function adaptedLinearCase(rows: number, input: number, output: number, rank: number, hasBias: boolean): OpCase {
  const [plain, down, up] = [
    linearCase(rows, input, output, hasBias),
    linearCase(rows, input, rank, false),
    linearCase(rows, rank, output, false),
  ];
  return {
    name: `adaptedLinear ${rows}x${input}x${output} of rank ${rank}${hasBias ? ' with bias' : ''}`,
    shapes: [
      [rows, input],
      [output, input],
      [rows, input],
      [rank, input],
      [output, rank],
      ...(hasBias ? [[output]] : []),
    ],
    run: ([x, weight, dropped, a, b, bias]) =>
      ops.linears(x as tf.Tensor2D, [
        {
          weight: weight as tf.Tensor2D,
          bias: bias as tf.Tensor1D | undefined,
          change: { input: dropped as tf.Tensor2D, a: a as tf.Tensor2D, b: b as tf.Tensor2D },
        },
      ])[0],
    reference: ([x, weight, dropped, a, b, bias]) => {
      const change = up.reference([down.reference([dropped, a]), b]);
      return plain.reference([x, weight, bias]).map((value, i) => value + change[i]);
    },
  };
}

/** Two linears of the same rows, with adapters that read those: the one has a bias and the greater rank. */
export function adaptedLinearsCase(
  rows: number,
  input: number,
  outputs: readonly [number, number],
  rank: number,
): OpCase {
  const parts = outputs.map((output, i) => adaptedLinearCase(rows, input, output, rank + 1 - i, i === 0));
  return {
    name: `adaptedLinears ${rows}x${input}x${outputs.join('+')} of rank ${rank}`,
    shapes: [[rows, input], ...parts.flatMap(({ shapes: [, weight, , ...others] }) => [weight, ...others])],
    run: ([x, ...others]) => {
      const part = ([weight, a, b, bias]: tf.Tensor[]): ops.LinearPart => ({
        weight: weight as tf.Tensor2D,
        bias: bias as tf.Tensor1D | undefined,
        change: { input: x as tf.Tensor2D, a: a as tf.Tensor2D, b: b as tf.Tensor2D },
      });
      return tf.concat(ops.linears(x as tf.Tensor2D, [part(others.slice(0, 4)), part(others.slice(4))]), 1);
    },
    reference: ([x, ...others]) => {
      const values = ([weight, ...rest]: Float64Array[], i: number): Float64Array =>
        parts[i].reference([x, weight, x, ...rest]);
      return sideBySide(rows, [values(others.slice(0, 4), 0), values(others.slice(4), 1)]);
    },
  };
}

export function rmsNormCase(rows: number, size: number): OpCase {
  const epsilon = 1e-3;
  return {
    name: `rmsNorm ${rows}x${size}`,
    shapes: [[rows, size], [size]],
    run: ([x, weight]) => ops.rmsNorm(x as tf.Tensor2D, weight as tf.Tensor1D, epsilon),
    reference: ([x, weight]) => {
      const out = new Float64Array(rows * size);
      for (let n = 0; n < rows; n++) {
        let squares = 0;
        for (let i = 0; i < size; i++) squares += x[n * size + i] ** 2;
        const inverse = 1 / Math.sqrt(squares / size + epsilon);
        for (let i = 0; i < size; i++) out[n * size + i] = x[n * size + i] * inverse * weight[i];
      }
      return out;
    },
  };
}

export function branchedNormCase(rows: number, size: number): OpCase {
  const norm = rmsNormCase(rows, size);
  return {
    ...norm,
    name: `branchedNorm ${rows}x${size}`,
    run: ([x, weight]) => tf.concat(ops.branchedNorm(x as tf.Tensor2D, weight as tf.Tensor1D, 1e-3), 1),
    reference: ([x, weight]) => sideBySide(rows, [x, norm.reference([x, weight])]),
  };
}

export function rotaryCase(rows: number, heads: number, headSize: number): OpCase {
  const theta = 1000;
  const rotation = { frequencies: inverseFrequencies(theta, headSize), scale: 1.1 };
  const positions = Array.from({ length: rows }, (_, n) => (n * 7) % 31);
  return {
    name: `rotary ${rows}x${heads}x${headSize}`,
    shapes: [[rows, heads, headSize]],
    run: ([x]) => ops.rotary(x as tf.Tensor3D, tf.tensor1d(positions, 'int32'), rotation),
    reference: ([x]) => {
      const out = new Float64Array(x.length);
      const half = headSize / 2;
      for (let n = 0; n < rows; n++) {
        for (let h = 0; h < heads; h++) {
          const at = (n * heads + h) * headSize;
          for (let i = 0; i < half; i++) {
            const angle = positions[n] * theta ** (-i / half);
            const [a, b] = [x[at + i], x[at + half + i]];
            out[at + i] = 1.1 * (a * Math.cos(angle) - b * Math.sin(angle));
            out[at + half + i] = 1.1 * (b * Math.cos(angle) + a * Math.sin(angle));
          }
        }
      }
      return out;
    },
  };
}

/** With a window, each position sees at most so many, and nothing of before the middle of the row once it is past that. */
export function attentionCase(
  batch: number,
  time: number,
  heads: number,
  keyValueHeads: number,
  size: number,
  window?: number,
): OpCase {
  const start = (t: number): number =>
    window === undefined ? 0 : Math.max(0, t - window + 1, t >= time >> 1 ? time >> 1 : 0);
  const starts = (): tf.Tensor2D =>
    tf.tensor2d(
      Array.from({ length: batch * time }, (_, i) => start(i % time)),
      [batch, time],
      'int32',
    );
  return {
    name: `causalAttention ${batch}x${time}, ${heads} heads over ${keyValueHeads} of ${size}, window ${window ?? 'none'}`,
    shapes: [
      [batch, time, heads, size],
      [batch, time, keyValueHeads, size],
      [batch, time, keyValueHeads, size],
    ],
    run: ([q, k, v]) =>
      ops.causalAttention(
        q as tf.Tensor4D,
        k as tf.Tensor4D,
        v as tf.Tensor4D,
        window === undefined ? undefined : starts(),
      ),
    reference: ([q, k, v]) => {
      const out = new Float64Array(q.length);
      for (let b = 0; b < batch; b++) {
        for (let h = 0; h < heads; h++) {
          const shared = Math.floor((h * keyValueHeads) / heads);
          for (let t = 0; t < time; t++) {
            const at = ((b * time + t) * heads + h) * size;
            const first = start(t);
            const keyAt = (s: number): number => ((b * time + s) * keyValueHeads + shared) * size;
            const weights = softmax(
              Array.from({ length: t + 1 - first }, (_, s) => dot(q, at, k, keyAt(first + s), size) / Math.sqrt(size)),
            );
            for (let s = first; s <= t; s++) {
              for (let i = 0; i < size; i++) out[at + i] += weights[s - first] * v[keyAt(s) + i];
            }
          }
        }
      }
      return out;
    },
  };
}

export function swigluCase(rows: number, size: number): OpCase {
  return {
    name: `swiglu ${rows}x${size}`,
    shapes: [
      [rows, size],
      [rows, size],
    ],
    run: ([gate, up]) => ops.swiglu(gate as tf.Tensor2D, up as tf.Tensor2D),
    reference: ([gate, up]) => gate.map((g, i) => (g / (1 + Math.exp(-g))) * up[i]),
  };
}

export function embedCase(vocabulary: number, size: number, ids: readonly number[]): OpCase {
  return {
    name: `embed ${ids.length} of ${vocabulary}x${size}`,
    shapes: [[vocabulary, size]],
    run: ([weight]) => ops.embed(weight as tf.Tensor2D, tf.tensor1d([...ids], 'int32')),
    reference: ([weight]) => Float64Array.from(ids.flatMap((id) => [...weight.subarray(id * size, (id + 1) * size)])),
  };
}

export function tokenLogProbsCase(rows: number, size: number, vocabulary: number, temperature: number): OpCase {
  const targets = Array.from({ length: rows }, (_, n) => (n * 5) % vocabulary);
  return {
    name: `tokenLogProbs ${rows}x${size}, vocabulary ${vocabulary}, temperature ${temperature}`,
    shapes: [
      [rows, size],
      [vocabulary, size],
    ],
    run: ([hidden, head]) =>
      ops.tokenLogProbs(hidden as tf.Tensor2D, head as tf.Tensor2D, tf.tensor1d(targets, 'int32'), temperature),
    reference: ([hidden, head]) => {
      const out = new Float64Array(rows * 2);
      for (let n = 0; n < rows; n++) {
        const scores = Array.from({ length: vocabulary }, (_, v) => dot(hidden, n * size, head, v * size, size));
        const probs = softmax(scores.map((score) => score / temperature));
        out[n * 2] = Math.log(probs[targets[n]]);
        out[n * 2 + 1] = -probs.reduce((sum, p) => sum + (p > 0 ? p * Math.log(p) : 0), 0);
      }
      return out;
    },
  };
}

/** The log-probabilities alone, with a head that is frozen: their gradient is made on the way. */
export function frozenLogProbsCase(rows: number, size: number, vocabulary: number, temperature: number): OpCase {
  const both = tokenLogProbsCase(rows, size, vocabulary, temperature);
  return {
    name: `log-probabilities ${rows}x${size}, frozen vocabulary ${vocabulary}, temperature ${temperature}`,
    shapes: both.shapes.slice(0, 1),
    frozen: both.shapes.slice(1),
    run: (inputs) => tf.slice(both.run(inputs), [0, 0], [-1, 1]),
    reference: (inputs) => both.reference(inputs).filter((_, i) => i % 2 === 0),
  };
}

/** Odd sizes, one row, sizes around the width of vectors and tiles. */
export const opCases: readonly OpCase[] = [
  linearCase(1, 1, 1, false),
  linearCase(1, 7, 5, true),
  linearCase(13, 9, 17, true),
  linearCase(6, 16, 8, false),
  linearsCase(5, 9, [17, 4], false),
  linearsCase(7, 16, [3, 24], true),
  adaptedLinearCase(5, 9, 7, 3, true),
  adaptedLinearCase(2, 16, 8, 1, false),
  adaptedLinearsCase(5, 9, [7, 3], 2),
  rmsNormCase(1, 3),
  rmsNormCase(5, 16),
  rmsNormCase(3, 19),
  branchedNormCase(3, 19),
  rotaryCase(1, 1, 2),
  rotaryCase(5, 3, 6),
  rotaryCase(4, 2, 16),
  attentionCase(1, 1, 1, 1, 2),
  attentionCase(2, 5, 4, 2, 4),
  attentionCase(1, 9, 3, 1, 5),
  attentionCase(2, 9, 4, 2, 4, 3),
  swigluCase(1, 1),
  swigluCase(3, 7),
  embedCase(7, 5, [3, 0, 3, 6]),
  embedCase(4, 8, [2]),
  tokenLogProbsCase(1, 3, 5, 1),
  tokenLogProbsCase(4, 6, 11, 0.7),
  frozenLogProbsCase(4, 6, 11, 0.7),
];

/** Nothing to compute, which must still have the right shape, and gradients that are zero. */
export const emptyCases: readonly OpCase[] = [
  linearCase(0, 5, 3, true),
  linearsCase(0, 5, [3, 4], true),
  adaptedLinearCase(0, 9, 7, 3, true),
  adaptedLinearsCase(0, 9, [7, 3], 2),
  rmsNormCase(0, 7),
  branchedNormCase(0, 7),
  rotaryCase(0, 3, 6),
  attentionCase(0, 5, 4, 2, 4),
  swigluCase(0, 5),
  embedCase(7, 5, []),
  tokenLogProbsCase(0, 6, 11, 1),
  frozenLogProbsCase(0, 6, 11, 1),
];

/** Sizes that nobody chose, a hundred cases by default: each operation in turn, reproducible. */
export function randomCases(count = 100): OpCase[] {
  const rng = rngFrom(2, 'random shapes');
  const size = (most: number): number => 1 + rng.below(most);
  const makers = [
    (): OpCase => linearCase(size(19), size(21), size(35), rng.next() < 0.5),
    (): OpCase => adaptedLinearCase(size(9), size(11), size(19), size(5), rng.next() < 0.5),
    (): OpCase => adaptedLinearsCase(size(9), size(11), [size(19), size(19)], size(5)),
    (): OpCase => rmsNormCase(size(9), size(21)),
    (): OpCase => branchedNormCase(size(9), size(21)),
    (): OpCase => linearsCase(size(19), size(21), [size(35), size(35)], rng.next() < 0.5),
    (): OpCase => rotaryCase(size(9), size(4), 2 * size(9)),
    (): OpCase => {
      const group = size(3);
      const heads = size(2);
      return attentionCase(size(2), size(11), heads * group, heads, size(7), rng.next() < 0.5 ? undefined : size(5));
    },
    (): OpCase => swigluCase(size(9), size(21)),
    (): OpCase =>
      embedCase(
        9,
        size(13),
        Array.from({ length: size(14) }, () => rng.below(9)),
      ),
    (): OpCase => tokenLogProbsCase(size(9), size(9), size(40), 0.5 + rng.next()),
    (): OpCase => frozenLogProbsCase(size(9), size(9), size(40), 0.5 + rng.next()),
  ];
  return Array.from({ length: count }, (_, i) => makers[i % makers.length]());
}

/** Holds the active backend to a case: values to 1e-5 and gradients to 1e-4 of the largest, and no tensor left behind. */
export function checkCase(opCase: OpCase): void {
  const before = tf.memory().numTensors;
  const inputs = randomInputs(opCase);
  const expected = opCase.reference(inputs);
  const dy = randomValues(expected.length, 'dy');
  const [value, ...gradients] = valueAndGradients(opCase, dy);
  assertClose(value, expected, 1e-5, opCase.name);
  for (const [i, gradient] of gradients.entries()) {
    assertClose(gradient, numericGradient(opCase, inputs, i, dy), 1e-4, `${opCase.name}, gradient ${i}`);
  }
  assert.equal(tf.memory().numTensors, before, `${opCase.name} leaves no tensors`);
}

/** What the active backend makes of a case: its value, and the gradients of its sum or of Σ dy·value. */
export function valueAndGradients(opCase: OpCase, dy?: Float64Array): Float32Array[] {
  return tf.tidy(() => {
    const shapes = shapesOf(opCase);
    const tensors = randomInputs(opCase).map((values, i) => tf.tensor(Float32Array.from(values), [...shapes[i]]));
    const free = tensors.slice(0, opCase.shapes.length);
    const frozen = tensors.slice(free.length).map((tensor) => tf.variable(tensor, false));
    const value = opCase.run([...free, ...frozen]);
    const given = dy ? tf.tensor(Float32Array.from(dy), value.shape) : tf.onesLike(value);
    const gradients = tf.grads((...xs: tf.Tensor[]) => opCase.run([...xs, ...frozen]))(free, given);
    tf.dispose(frozen);
    return [value, ...gradients].map((tensor) => tensor.dataSync<'float32'>());
  });
}

function shapesOf({ shapes, frozen = [] }: OpCase): (readonly number[])[] {
  return [...shapes, ...frozen];
}

function randomInputs(opCase: OpCase): Float64Array[] {
  return shapesOf(opCase).map((shape, i) =>
    randomValues(
      shape.reduce((size, n) => size * n, 1),
      `${opCase.name}/${i}`,
    ),
  );
}

/** Values in [-2, 2) that float32 holds exactly. */
function randomValues(count: number, name: string): Float64Array {
  const rng = rngFrom(1, name);
  return Float64Array.from({ length: count }, () => Math.fround(rng.next() * 4 - 2));
}

function numericGradient(
  opCase: OpCase,
  inputs: readonly Float64Array[],
  which: number,
  dy: Float64Array,
): Float64Array {
  const step = 1e-5;
  const valueWith = (i: number, change: number): number => {
    const moved = inputs.map((values) => values.slice());
    moved[which][i] += change;
    return opCase.reference(moved).reduce((sum, value, j) => sum + value * dy[j], 0);
  };
  return inputs[which].map((_, i) => (valueWith(i, step) - valueWith(i, -step)) / (2 * step));
}

/** The largest difference, relative to the largest expected value (at least 1), stays within the tolerance. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length, `${what}: number of values`);
  let scale = 1;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]));
  for (let i = 0; i < expected.length; i++) {
    const isClose = Math.abs(actual[i] - expected[i]) <= tolerance * scale;
    assert.ok(isClose, `${what}: value ${i} is ${actual[i]}, expected ${expected[i]}`);
  }
}

function softmax(scores: readonly number[]): number[] {
  const largest = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function dot(a: Float64Array, aAt: number, b: Float64Array, bAt: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += a[aAt + i] * b[bAt + i];
  return sum;
}
