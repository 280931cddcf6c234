import assert from 'node:assert/strict';
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { packageRoot } from '../../../src/base/package-root.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { activateEmbedded } from '../../../src/model/engine/register.ts';
import { describeModel, disposeParameters, loadWeights, storedTypes } from '../../../src/model/model-folder.ts';
import { parameterShapes } from '../../../src/model/parameter-shapes.ts';
import { loadPolicy } from '../../../src/model/policy.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

/** A copy of a model folder, to be damaged. */
function copyOf(test: TestContext, name: string): string {
  const dir = temporaryFolder(test);
  cpSync(join(packageRoot(), name), dir, { recursive: true });
  return dir;
}

const SHARDED = 'test/golden/model/llama';
const WHOLE = 'test/golden/model/qwen2';

function edit(dir: string, file: string, change: Readonly<Record<string, unknown>>): void {
  const path = join(dir, file);
  const raw = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...raw, ...change }));
}

for (const engine of ['cpu', 'embedded'] as const) {
  describe(`a damaged model folder on the ${engine} engine`, () => {
    before(async () => {
      await selectBackend(engine);
    });

    /** Refused with this sentence, and nothing stays in memory. */
    async function refuses(dir: string, message: RegExp): Promise<void> {
      const { numTensors } = tf.memory();
      await assert.rejects(
        async () => {
          const description = await describeModel(dir);
          disposeParameters((await loadWeights(dir, description)).parameters);
        },
        { name: 'UserError', message },
      );
      assert.equal(tf.memory().numTensors, numTensors);
    }

    it('names the shard that is missing', async (test) => {
      const dir = copyOf(test, SHARDED);
      rmSync(join(dir, 'model-00002-of-00003.safetensors'));
      await refuses(dir, /lacks the shard model-00002-of-00003\.safetensors that .* names; download it again\.$/);
    });

    it('names the tensor that no shard has', async (test) => {
      const dir = copyOf(test, SHARDED);
      edit(dir, 'model.safetensors.index.json', {
        weight_map: { 'lm_head.weight': 'model-00001-of-00003.safetensors' },
      });
      await refuses(dir, /has no tensor .*; a shard may be missing/);
    });

    it('refuses a tensor that two shards have', async (test) => {
      const dir = copyOf(test, SHARDED);
      cpSync(join(dir, 'model-00001-of-00003.safetensors'), join(dir, 'again.safetensors'));
      edit(dir, 'model.safetensors.index.json', {
        weight_map: { a: 'model-00001-of-00003.safetensors', b: 'again.safetensors' },
      });
      await refuses(dir, /again\.safetensors: .* is in another shard too/);
    });

    it('does not follow an index out of its folder', async (test) => {
      const dir = copyOf(test, SHARDED);
      edit(dir, 'model.safetensors.index.json', { weight_map: { a: '../secret.safetensors' } });
      await refuses(dir, /names the shard "\.\.\/secret\.safetensors"; it must be a safetensors file beside it/);
      edit(dir, 'model.safetensors.index.json', { weight_map: [] });
      await refuses(dir, /names no shards/);
    });

    it('does not open a pickle', async (test) => {
      const dir = copyOf(test, WHOLE);
      renameSync(join(dir, 'model.safetensors'), join(dir, 'pytorch_model.bin'));
      await refuses(dir, /only as a pickle \(pytorch_model\.bin\), which can run code/);
      rmSync(join(dir, 'pytorch_model.bin'));
      await refuses(dir, /has no model\.safetensors; download the whole model folder/);
    });

    it('names the tensor whose shape config.json does not call for', async (test) => {
      const dir = copyOf(test, WHOLE);
      edit(dir, 'config.json', { intermediate_size: 50 });
      await refuses(dir, /model\.layers\.0\.mlp\.\w+_proj\.weight is \[.*\], but config\.json calls for \[/);
    });

    it('refuses values of another type before there is room for them', async (test) => {
      const dir = copyOf(test, WHOLE);
      const path = join(dir, 'model.safetensors');
      const shape = [1000, 1000];
      const header = JSON.stringify({ bytes: { dtype: 'U8', shape, data_offsets: [0, 1_000_000] } });
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(header.length));
      writeFileSync(path, Buffer.concat([length, Buffer.from(header), Buffer.alloc(1_000_000)]));
      await refuses(dir, /bytes has dtype U8; save the model as F32, F16 or BF16/);
    });

    it('refuses a truncated download', async (test) => {
      const dir = copyOf(test, WHOLE);
      const path = join(dir, 'model.safetensors');
      writeFileSync(path, readFileSync(path).subarray(0, -100));
      await refuses(dir, /lies at bytes .* but its shape needs/);
    });
  });
}

describe('storedTypes', () => {
  it('says how each parameter is stored, in order', async () => {
    for (const [name, dtype] of [
      [SHARDED, 'F16'],
      [WHOLE, 'F32'],
    ] as const) {
      const dir = join(packageRoot(), name);
      const description = await describeModel(dir);
      const expected = [...parameterShapes(description.config).keys()].map((parameter) => [parameter, dtype]);
      assert.deepEqual([...(await storedTypes(dir, description))], expected);
    }
  });

  it('sees from the headers alone that the last shard is cut', async (test) => {
    const dir = copyOf(test, SHARDED);
    const path = join(dir, 'model-00003-of-00003.safetensors');
    writeFileSync(path, readFileSync(path).subarray(0, -4));
    const message = /00003-of-00003\.safetensors is not a sound safetensors file/;
    await assert.rejects(storedTypes(dir, await describeModel(dir)), { name: 'UserError', message });
  });
});

describe('a model folder on the embedded engine', () => {
  it('is read into the memory of the engine alone, and leaves it again', async () => {
    const { shared } = await activateEmbedded();
    const dir = join(packageRoot(), SHARDED);
    const used = shared.heap.usedBytes;
    const { parameters } = await loadWeights(dir, await describeModel(dir));
    const values = [...parameters.values()].reduce((sum, { size }) => sum + Math.ceil(size / 16) * 64, 0);
    assert.equal(shared.heap.usedBytes - used, values);
    disposeParameters(parameters);
    assert.equal(shared.heap.usedBytes, used);
  });
});

describe('config.json', () => {
  const wrong: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
    [{ architectures: ['GPT2LMHeadModel'] }, /architecture "GPT2LMHeadModel" is not supported; use one of Qwen2/],
    [{ architectures: undefined }, /architecture nothing is not supported/],
    [{ hidden_size: 'wide' }, /hidden_size is "wide"; it must be a positive whole number/],
    [{ num_hidden_layers: 2.5 }, /num_hidden_layers is 2\.5/],
    [{ num_hidden_layers: 1e12 }, /num_hidden_layers is 1000000000000; it must be 1000 at most/],
    [{ num_key_value_heads: 3 }, /num_key_value_heads is 3; it must be a divisor of the 4 heads/],
    [{ head_dim: 7 }, /head_dim is 7; it must be even/],
    [{ hidden_act: 'gelu' }, /hidden_act is "gelu"; it must be "silu"/],
    [{ quantization_config: { bits: 4 } }, /quantized weights are not supported/],
    [{ rope_parameters: { rope_type: 'longrope' } }, /rope_type is "longrope"; it must be "default", "linear"/],
    [{ rope_parameters: { rope_type: 'linear' } }, /factor is nothing; it must be a positive number/],
    [{ rope_scaling: { type: 'llama3', factor: 8 } }, /low_freq_factor is nothing/],
    [{ rope_parameters: { full_attention: {} } }, /the same for all layers/],
    [{ layer_types: ['sliding_attention'] }, /layer_types is .* for each of 2 layers/],
    [{ layer_types: ['full_attention', 'sliding_attention'] }, /use_sliding_window is false; it must be true/],
    [{ rms_norm_eps: -1 }, /rms_norm_eps is -1; it must be a positive number/],
  ];
  for (const [change, message] of wrong) {
    it(`with ${JSON.stringify(change)} is refused with one sentence`, async (test) => {
      const dir = copyOf(test, WHOLE);
      edit(dir, 'config.json', change);
      await assert.rejects(describeModel(dir), { name: 'UserError', message });
    });
  }

  it('that is a list is refused', async (test) => {
    const dir = copyOf(test, WHOLE);
    writeFileSync(join(dir, 'config.json'), '[]');
    await assert.rejects(describeModel(dir), { name: 'UserError', message: /config\.json must be a JSON object/ });
  });
});

describe('generation_config.json', () => {
  it('adds end tokens, and its sampling is offered', async (test) => {
    const dir = copyOf(test, WHOLE);
    const suggested = { do_sample: true, temperature: 0.7, top_k: 20, top_p: 0.8, repetition_penalty: 1.05 };
    writeFileSync(join(dir, 'generation_config.json'), JSON.stringify({ eos_token_id: [5, 6], ...suggested }));
    const { endIds, generation } = await describeModel(dir);
    assert.deepEqual(endIds, [2, 5, 6]);
    assert.deepEqual(generation, {
      endIds: [5, 6],
      samples: true,
      temperature: 0.7,
      topK: 20,
      topP: 0.8,
      minP: undefined,
      repetitionPenalty: 1.05,
    });
  });
});

describe('a tokenizer', () => {
  it('with more ids than the embedding has rows is refused', async (test) => {
    const dir = copyOf(test, 'media/starter');
    const { vocab_size: size } = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')) as { vocab_size: number };
    edit(dir, 'config.json', { vocab_size: size - 1 });
    await assert.rejects(loadPolicy(dir), {
      name: 'UserError',
      message: new RegExp(`has the token id ${size - 1}, but the model's embedding has ${size - 1} rows`),
    });
  });

  it('with more ids than the embedding has rows is refused where they are a list', async (test) => {
    const dir = copyOf(test, 'media/starter');
    const vocab = Array.from({ length: 2049 }, (_, i) => [`t${i}`, -1]);
    edit(dir, 'tokenizer.json', { model: { type: 'Unigram', unk_id: 0, vocab } });
    await assert.rejects(loadPolicy(dir), {
      name: 'UserError',
      message: /has the token id 2048, but the model's embedding has 2048 rows/,
    });
  });

  it('that the library cannot use is refused with the name of its file', async (test) => {
    const dir = copyOf(test, 'media/starter');
    edit(dir, 'tokenizer.json', { model: { type: 'Unheard' } });
    await assert.rejects(loadPolicy(dir), { name: 'UserError', message: /tokenizer\.json cannot be used: / });
  });

  it('whose chat template is no Jinja is refused', async (test) => {
    const dir = copyOf(test, 'media/starter');
    writeFileSync(join(dir, 'chat_template.jinja'), '{% for %}');
    await assert.rejects(loadPolicy(dir), { name: 'UserError', message: /chat template of .* cannot be used: / });
  });
});
