import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { rngFrom } from '../../../src/base/rng.ts';
import { createDecoder, EmbeddedDecoder } from '../../../src/model/engine/decoder.ts';
import type { EmbeddedBackend } from '../../../src/model/engine/embedded-backend.ts';
import { activateEmbedded } from '../../../src/model/engine/register.ts';
import { createAdapters, disposeAdapters, LORA_TARGETS, withAdapters } from '../../../src/model/lora.ts';
import { sampleRows, type SamplingOptions } from '../../../src/model/sample-tokens.ts';
import { hiddenStates, logitsOf } from '../../../src/model/transformer.ts';
import type { ModelConfig, ModelWeights } from '../../../src/model/weights.ts';
import { randomWeights, variablesOf } from '../../bench/model.ts';
import { assertClose } from './op-cases.ts';

/** Sizes that are no multiple of a vector. */
const odd: ModelConfig = {
  hiddenSize: 23,
  layers: 2,
  heads: 6,
  keyValueHeads: 2,
  headSize: 6,
  feedForwardSize: 37,
  vocabularySize: 53,
  ropeTheta: 10000,
  rmsNormEpsilon: 1e-6,
  tiedEmbeddings: false,
  maxPositions: 512,
};
/** Qwen3's norms of each head, and a window in one of the layers. */
const windowed: ModelConfig = { ...odd, headSize: 10, queryKeyNorm: true, windows: [5, undefined] };
const even: ModelConfig = { ...odd, hiddenSize: 64, headSize: 32, feedForwardSize: 96, tiedEmbeddings: true };
const prompts = [[3, 50, 7], [1], Array.from({ length: 70 }, (_, i) => (i * 11) % 53)];
const copies = 4;
const maxNewTokens = 9;

let backend: EmbeddedBackend;

before(async () => {
  backend = await activateEmbedded({ threads: 2 });
});

after(() => {
  backend.dispose();
});

/** Larger weights than a fresh model's: choices must be neither certain nor all alike. */
function lively(config: ModelConfig): ModelWeights {
  const weights = randomWeights(config);
  for (const variable of variablesOf(weights)) variable.assign(tf.mul(variable, 2.5));
  return weights;
}

interface Trace {
  /** Tokens of each row. */
  readonly tokens: number[][];
  readonly logProbs: number[][];
  readonly samplingLogProbs: number[][];
}

function uniformsOf(step: number, rows: readonly number[]): Float32Array {
  return Float32Array.from(rows, (row) => rngFrom(7, step, row).next());
}

/** Decodes; a row ends after 2 + (row % 8) tokens. */
function decode(decoder: EmbeddedDecoder, sampling: SamplingOptions): Trace {
  const rows = Array.from({ length: decoder.rows }, (_, row) => row);
  const trace: Trace = {
    tokens: rows.map(() => []),
    logProbs: rows.map(() => []),
    samplingLogProbs: rows.map(() => []),
  };
  let live = rows;
  let sampled = decoder.prefill(uniformsOf(0, rows), sampling);
  for (let step = 1; ; step++) {
    for (const [i, row] of live.entries()) {
      trace.tokens[row].push(sampled.tokens[i]);
      trace.logProbs[row].push(sampled.logProbs[i]);
      trace.samplingLogProbs[row].push(sampled.samplingLogProbs[i]);
    }
    live = live.filter((row) => trace.tokens[row].length < 2 + (row % 8));
    if (live.length === 0) return trace;
    const tokens = Int32Array.from(live, (row) => trace.tokens[row].at(-1)!);
    sampled = decoder.step(Int32Array.from(live), tokens, uniformsOf(step, live), sampling);
  }
}

/** What each of the decoder's choices should have been: the whole sequence through the transformer on the CPU backend. */
async function checkTrace(
  weights: ModelWeights,
  config: ModelConfig,
  trace: Trace,
  sampling: SamplingOptions,
): Promise<void> {
  await tf.setBackend('cpu');
  try {
    for (const [row, tokens] of trace.tokens.entries()) {
      const prompt = prompts[Math.floor(row / copies)];
      const logits = tf.tidy(() => {
        const hidden = hiddenStates(weights, config, tf.tensor2d([[...prompt, ...tokens]], undefined, 'int32'));
        return logitsOf(weights, tf.slice(hidden, [prompt.length - 1, 0], [tokens.length, -1])).dataSync<'float32'>();
      });
      const uniforms = Float32Array.from(tokens, (_, step) => uniformsOf(step, [row])[0]);
      const seen = tokens.map((_, step) => [...prompt, ...tokens.slice(0, step)]);
      const expected = sampleRows(logits, config.vocabularySize, uniforms, sampling, seen);
      assert.deepEqual(tokens, [...expected.tokens], `tokens of row ${row}`);
      assertClose(trace.logProbs[row], expected.logProbs, 2e-5, `log-probabilities of row ${row}`);
      assertClose(trace.samplingLogProbs[row], expected.samplingLogProbs, 2e-5, `truncated ones of row ${row}`);
    }
  } finally {
    await tf.setBackend('embedded');
  }
}

describe('createDecoder', () => {
  const samplings: Record<string, SamplingOptions> = {
    'at temperature 1': { temperature: 1 },
    'at a low temperature': { temperature: 0.3 },
    greedily: { temperature: 0 },
    'among the likeliest five': { temperature: 1, topK: 5 },
    'within a nucleus': { temperature: 1.2, topP: 0.7 },
    'with both limits': { temperature: 0.9, topK: 20, topP: 0.8 },
    'of some likelihood': { temperature: 1.1, minP: 0.2 },
    'with a penalty on repeats': { temperature: 0.8, repetitionPenalty: 1.7 },
    'greedily with a penalty': { temperature: 0, repetitionPenalty: 1.3 },
    'with everything': { temperature: 0.9, topK: 20, topP: 0.9, minP: 0.05, repetitionPenalty: 0.6 },
  };
  for (const [what, config] of Object.entries({ odd, even, windowed })) {
    for (const [how, sampling] of Object.entries(samplings)) {
      it(`samples ${how} what the transformer on the CPU backend would, ${what} sizes`, async () => {
        const weights = lively(config);
        const decoder = createDecoder(weights, config, { prompts, copies, maxNewTokens })!;
        const trace = decode(decoder, sampling);
        decoder.dispose();
        await checkTrace(weights, config, trace, sampling);
        tf.dispose(variablesOf(weights));
      });
    }
  }

  it('samples what the transformer on the CPU backend would, adapters on', async () => {
    const base = lively(odd);
    const lora = { rank: 3, alpha: 6, dropout: 0, targets: LORA_TARGETS, rankStabilised: false };
    const adapters = createAdapters(base, lora, 1);
    for (const { b } of adapters.values()) b.assign(tf.randomNormal(b.shape, 0, 0.2, 'float32', 3));
    const weights = withAdapters(base, adapters);
    const decoder = createDecoder(weights, odd, { prompts, copies, maxNewTokens })!;
    const trace = decode(decoder, { temperature: 1 });
    decoder.dispose();
    await checkTrace(weights, odd, trace, { temperature: 1 });
    await assert.rejects(checkTrace(base, odd, trace, { temperature: 1 }), 'without them the choices are others');
    disposeAdapters(adapters);
    tf.dispose(variablesOf(base));
  });

  it('samples the same from weights that are read as they are stored, adapters beside them', async () => {
    const base = lively(odd);
    const lora = { rank: 3, alpha: 6, dropout: 0, targets: LORA_TARGETS, rankStabilised: false };
    const adapters = createAdapters(base, lora, 1);
    for (const { b } of adapters.values()) b.assign(tf.randomNormal(b.shape, 0, 0.2, 'float32', 3));
    for (const weights of [base, withAdapters(base, adapters)]) {
      const decoder = new EmbeddedDecoder(backend, weights, odd, { prompts, copies, maxNewTokens }, false);
      const trace = decode(decoder, { temperature: 1 });
      decoder.dispose();
      await checkTrace(weights, odd, trace, { temperature: 1 });
    }
    disposeAdapters(adapters);
    tf.dispose(variablesOf(base));
  });

  it('gives the same bits with 1, 2 and 3 threads', async () => {
    const traces: Trace[] = [];
    for (const threads of [1, 2, 3]) {
      backend = await activateEmbedded({ threads });
      const weights = lively(odd);
      const decoder = createDecoder(weights, odd, { prompts, copies, maxNewTokens })!;
      traces.push(decode(decoder, { temperature: 1 }));
      decoder.dispose();
      tf.dispose(variablesOf(weights));
    }
    assert.deepEqual(traces[1], traces[0]);
    assert.deepEqual(traces[2], traces[0]);
  });

  it('leaves the heap as it was, again and again', () => {
    const weights = lively(even);
    const run = (): void => {
      const decoder = createDecoder(weights, even, { prompts, copies, maxNewTokens })!;
      decode(decoder, { temperature: 1 });
      decoder.dispose();
    };
    run();
    const { usedBytes, end } = backend.shared.heap;
    for (let i = 0; i < 20; i++) run();
    assert.equal(backend.shared.heap.usedBytes, usedBytes);
    assert.equal(backend.shared.heap.end, end);
    tf.dispose(variablesOf(weights));
  });

  it('refuses rows, tokens and lengths that do not exist instead of writing elsewhere', () => {
    const weights = lively(odd);
    const decoder = createDecoder(weights, odd, { prompts: [[1]], copies: 1, maxNewTokens: 15 })!;
    decoder.prefill(Float32Array.of(0.5), { temperature: 1 });
    const step = (row: number, token: number): unknown =>
      decoder.step(Int32Array.of(row), Int32Array.of(token), Float32Array.of(0.5), { temperature: 1 });
    assert.throws(() => step(1, 0), /a row is not one of 1/);
    assert.throws(() => step(0, 53), /token 53/);
    for (let i = 0; i < 15; i++) step(0, 1);
    assert.throws(() => step(0, 1), /has had its 15 tokens/);
    decoder.dispose();
    tf.dispose(variablesOf(weights));
  });

  it('says so where the cache does not fit beside the model, and leaves the heap as it was', () => {
    const weights = lively(odd);
    const create = (): unknown => createDecoder(weights, odd, { prompts: [[1]], copies: 100_000, maxNewTokens: 4096 });
    assert.throws(create, { name: 'UserError', message: /memory is full/ });
    const { usedBytes } = backend.shared.heap; // tables of angles stay
    assert.throws(create, { name: 'UserError', message: /memory is full/ });
    assert.equal(backend.shared.heap.usedBytes, usedBytes);
    tf.dispose(variablesOf(weights));
  });

  it('is null on other backends', async () => {
    await tf.setBackend('cpu');
    const weights = lively(odd);
    assert.equal(createDecoder(weights, odd, { prompts, copies, maxNewTokens }), null);
    tf.dispose(variablesOf(weights));
    await tf.setBackend('embedded');
  });
});
