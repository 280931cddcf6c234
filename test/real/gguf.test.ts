import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { rngFrom } from '../../src/base/rng.ts';
import { selectBackend } from '../../src/model/backend.ts';
import { paddedIds } from '../../src/model/composed-decoder.ts';
import { variable } from '../../src/model/filled-variable.ts';
import { writeGgufModel } from '../../src/model/gguf-model.ts';
import { describeModel, disposeParameters, saveWeights, tensorSources } from '../../src/model/model-folder.ts';
import { parameterShapes } from '../../src/model/parameter-shapes.ts';
import { disposePolicy, loadPolicy, type Policy, wholeTensors } from '../../src/model/policy.ts';
import type { DType } from '../../src/model/safetensors.ts';
import { hiddenStates, logitsOf } from '../../src/model/transformer.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { openWithLlama } from './llama-cpp.ts';

const starter = join(packageRoot(), 'media/starter');

const SHAPE = {
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 96,
  vocab_size: 2056, // more than the tokenizer has
  max_position_embeddings: 512,
  rms_norm_eps: 1e-6,
  hidden_act: 'silu',
};
const LLAMA3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
};
const family = (name: string, type: string, more: object): Record<string, unknown> => ({
  ...SHAPE,
  architectures: [`${name}ForCausalLM`],
  model_type: type,
  ...more,
});

const MODELS: Readonly<Record<string, Record<string, unknown>>> = {
  'a Qwen2': family('Qwen2', 'qwen2', { rope_theta: 1e6, tie_word_embeddings: false }),
  'a Qwen2 with YaRN': family('Qwen2', 'qwen2', {
    rope_theta: 1e4,
    rope_scaling: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 128 },
  }),
  'a Qwen3': family('Qwen3', 'qwen3', { rope_theta: 1e6, head_dim: 32, tie_word_embeddings: true }),
  'a Llama': family('Llama', 'llama', { rope_theta: 1e4, attention_bias: true, mlp_bias: true }),
  'a Llama 3': family('Llama', 'llama', { rope_theta: 5e5, tie_word_embeddings: true, rope_scaling: LLAMA3 }),
  'a Llama with linear scaling': family('Llama', 'llama', { rope_scaling: { type: 'linear', factor: 3 } }),
};

/** A model folder with random weights and the starter's tokenizer. */
async function randomModel(dir: string, raw: Record<string, unknown>): Promise<Policy> {
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) cpSync(join(starter, file), join(dir, file));
  writeFileSync(join(dir, 'config.json'), JSON.stringify(raw));
  const { config } = await describeModel(dir);
  const parameters = new Map(
    [...parameterShapes(config)].map(([name, shape]) => {
      const rng = rngFrom(1, name);
      const size = shape.reduce((product, n) => product * n, 1);
      const centre = name.includes('norm') ? 1 : 0;
      return [
        name,
        variable(
          Float32Array.from({ length: size }, () => centre + (rng.next() - 0.5) * 0.6),
          shape,
        ),
      ];
    }),
  );
  await saveWeights(dir, raw, tensorSources(parameters));
  disposeParameters(parameters);
  return loadPolicy(dir);
}

/** Log-probabilities of what comes after `tokens`. */
function logProbs({ weights, config }: Policy, tokens: readonly number[]): Float32Array {
  return tf.tidy(() => {
    const hidden = hiddenStates(weights, config, paddedIds([tokens], tokens.length));
    return tf.logSoftmax(logitsOf(weights, tf.slice(hidden, [tokens.length - 1, 0], [1, -1]))).dataSync<'float32'>();
  });
}

/** llama.cpp reads on greedily; each of its distributions must be ours. */
async function assertSame(test: TestContext, policy: Policy, dtype: DType, tolerance: number): Promise<void> {
  const path = join(temporaryFolder(test), 'model.gguf');
  await writeGgufModel(path, { ...policy, tensors: wholeTensors(policy) }, 'test', dtype);
  const llama = await openWithLlama(test, path);
  if (!llama) return;
  const tokens = policy.tokenizer.encode('<|im_start|>user\na thing to warm my neck<|im_end|>\n');
  let unread = tokens.slice();
  for (let step = 0; step < 24; step++) {
    const theirs: ReadonlyMap<number, number> = await llama.next(unread);
    const ours = logProbs(policy, tokens);
    for (const [token, probability] of theirs) {
      if (probability < 1e-5) continue;
      const difference = Math.abs(Math.log(probability) - ours[token]);
      assert.ok(difference < tolerance, `${difference} at token ${token} of step ${step}`);
    }
    const best = ours.indexOf(Math.max(...ours));
    if (tolerance < 0.01) assert.equal([...theirs].sort((a, b) => b[1] - a[1])[0][0], best, `step ${step}`);
    tokens.push(best);
    unread = [best];
  }
}

describe('a GGUF file in llama.cpp', () => {
  before(() => selectBackend('embedded'));
  after(() => {
    tf.disposeVariables();
  });

  it('of the starter gives the same probabilities and greedy tokens', async (test) => {
    const policy = await loadPolicy(starter);
    await assertSame(test, policy, 'F32', 1e-3);
    disposePolicy(policy);
  });

  for (const [what, raw] of Object.entries(MODELS)) {
    it(`of ${what} gives the same probabilities and greedy tokens`, async (test) => {
      const policy = await randomModel(temporaryFolder(test), raw);
      await assertSame(test, policy, 'F32', 1e-3);
      disposePolicy(policy);
    });
  }

  for (const dtype of ['F16', 'BF16'] as const) {
    it(`stored as ${dtype} gives almost the same probabilities`, async (test) => {
      const policy = await loadPolicy(starter);
      await assertSame(test, policy, dtype, dtype === 'F16' ? 0.05 : 0.3);
      disposePolicy(policy);
    });
  }

  it('splits text into the same tokens', async (test) => {
    const policy = await loadPolicy(starter);
    const path = join(temporaryFolder(test), 'model.gguf');
    await writeGgufModel(path, { ...policy, tensors: wholeTensors(policy) }, 'test', 'F16');
    const llama = await openWithLlama(test, path);
    if (!llama) return;
    for (const text of [
      'i need a thing to throw dirty clothes in, in the biggest size!',
      "DON'T   stop\n\n\tnow 12345 ½ ²",
      'für Mädchen, größer als 42 — naïve café',
      '无线鼠标 ワイヤレスマウス 무선 마우스 🖱️👩‍👩‍👧',
      '<|im_start|>user\nhi<|im_end|>\n<think>x</think><answer>{"query": "y"}</answer>',
    ]) {
      assert.deepEqual([...llama.tokenize(text)], policy.tokenizer.encode(text), text);
    }
    disposePolicy(policy);
  });
});
