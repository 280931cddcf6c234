import assert from 'node:assert/strict';
import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { configFrom, type RunConfig } from '../../../src/app/config.ts';
import { assertFits, forecastMemory, type MemoryForecast, memorySentence } from '../../../src/app/memory.ts';
import { openTaskOf } from '../../../src/app/task-of.ts';
import { packageRoot } from '../../../src/base/package-root.ts';
import { describeModel } from '../../../src/model/model-folder.ts';
import { parameterShapes } from '../../../src/model/parameter-shapes.ts';
import type { DType } from '../../../src/model/safetensors.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

/** A folder with a model of this shape, whose values are a hole in the file: no disk has them. */
async function folder(test: TestContext, shape: Readonly<Record<string, unknown>>, dtype: DType): Promise<string> {
  const dir = temporaryFolder(test);
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
    cpSync(join(packageRoot(), 'media/starter', file), join(dir, file));
  }
  const config = { architectures: ['Qwen2ForCausalLM'], hidden_act: 'silu', eos_token_id: 2043, rms_norm_eps: 1e-6 };
  writeFileSync(join(dir, 'config.json'), JSON.stringify({ ...config, ...shape }));
  writeHollow(join(dir, 'model.safetensors'), parameterShapes((await describeModel(dir)).config), dtype);
  return dir;
}

function writeHollow(path: string, shapes: ReadonlyMap<string, readonly number[]>, dtype: DType): void {
  let end = 0;
  const entries = [...shapes].map(([name, shape]) => {
    const start = end;
    end += (dtype === 'F32' ? 4 : 2) * shape.reduce((product, n) => product * n, 1);
    return [name, { dtype, shape, data_offsets: [start, end] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([length, header]));
  truncateSync(path, 8 + header.length + end);
}

/** Qwen2.5-0.5B, two thirds of -1.5B, -3B, and a vocabulary that alone is too large. */
const common = { num_key_value_heads: 2, vocab_size: 151_936, tie_word_embeddings: true, max_position_embeddings: 32_768, rope_theta: 1e6 }; // prettier-ignore
const HALF = { ...common, hidden_size: 896, num_hidden_layers: 24, num_attention_heads: 14, intermediate_size: 4864 };
const ONE = { ...common, hidden_size: 1536, num_hidden_layers: 18, num_attention_heads: 12, intermediate_size: 8960 };
const THREE = {
  ...common,
  hidden_size: 2048,
  num_hidden_layers: 36,
  num_attention_heads: 16,
  intermediate_size: 11_008,
};
const WORDY = { ...THREE, hidden_size: 4096, num_hidden_layers: 4, num_attention_heads: 32, vocab_size: 1_000_000 };

async function forecastOf(
  model: string,
  settings: Partial<RunConfig>,
  engine: 'embedded' | 'node' = 'embedded',
): Promise<MemoryForecast> {
  const config = configFrom({ ...settings, model }, 'a test');
  return forecastMemory(await openTaskOf(config), config, engine);
}

describe('forecastMemory', () => {
  it('fits half a billion parameters in half precision with adapters at the default settings', async (test) => {
    const forecast = await forecastOf(await folder(test, HALF, 'BF16'), { 'lora.rank': 16 });
    assert.equal(Math.round(forecast.estimate.parameters / 1e6), 494);
    assert.ok(forecast.fits && forecast.estimate.peakBytes < 2.5e9);
    assert.match(memorySentence(forecast), /^About \d\.\d\d GB of memory at the peak, while [a-z ]+\.$/);
    assertFits(forecast);
  });

  it('says that adapters make it fit where every weight would train', async (test) => {
    const forecast = await forecastOf(await folder(test, HALF, 'BF16'), {});
    assert.equal(forecast.fits, false);
    assert.deepEqual(forecast.remedy?.settings, { 'lora.rank': 16 });
    assert.throws(() => {
      assertFits(forecast);
    }, { name: 'UserError', message: /which does not fit: its tensors need \d+(\.\d+)? GB and the embedded engine has 4\.29 GB\. To make it fit, set lora\.rank=16 \(\d\.\d\d GB\), or take backend=node/ }); // prettier-ignore
  });

  it('says that half precision makes it fit', async (test) => {
    const settings = { 'lora.rank': 16, 'rollout.prompts': 2 };
    const forecast = await forecastOf(await folder(test, ONE, 'F32'), settings);
    assert.equal(forecast.fits, false);
    assert.deepEqual([forecast.remedy?.settings, forecast.remedy?.inHalf], [{}, true]);
    assert.match(
      memorySentence(forecast),
      /To make it fit, save the model in half precision \(.*\) \(\d\.\d\d GB\), or take/,
    );
    assert.ok((await forecastOf(await folder(test, ONE, 'BF16'), settings)).fits);
  });

  it('finds settings that only together are enough', async (test) => {
    const settings = { 'lora.rank': 16, 'rollout.prompts': 64, 'rollout.groupSize': 32, 'optimizer.microBatchTokens': 16_384, 'model.checkpointing': 'off' } as const; // prettier-ignore
    const forecast = await forecastOf(await folder(test, HALF, 'BF16'), settings);
    assert.equal(forecast.fits, false);
    const names = Object.keys(forecast.remedy?.settings ?? {});
    assert.ok(names.length > 1 && names.includes('rollout.prompts'), names.join(', '));
    assert.ok((await forecastOf(await folder(test, HALF, 'BF16'), { ...settings, ...forecast.remedy?.settings })).fits);
  });

  it('counts weights outside the memory of the kernels for the machine alone', async (test) => {
    const forecast = await forecastOf(await folder(test, THREE, 'BF16'), { 'lora.rank': 16 });
    const { peakBytes, farBytes } = forecast.estimate;
    assert.ok(farBytes > 5e9 && peakBytes - farBytes < forecast.limits.engineBytes);
    assert.equal(forecast.fits, forecast.residentBytes <= forecast.limits.machineBytes);
  });

  it('knows when no settings help, and counts only the machine for other engines', async (test) => {
    const dir = await folder(test, WORDY, 'BF16');
    const forecast = await forecastOf(dir, { 'lora.rank': 16 });
    assert.deepEqual([forecast.fits, forecast.remedy], [false, undefined]);
    assert.match(memorySentence(forecast), /To make it fit, take backend=node/);
    const native = await forecastOf(dir, { 'lora.rank': 16 }, 'node');
    assert.equal(native.limits.engineBytes, Infinity);
  });

  it('refuses files that are not those of the model, before anything of them is loaded', async (test) => {
    const dir = await folder(test, HALF, 'BF16');
    const path = join(dir, 'config.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"intermediate_size":4864', '"intermediate_size":4800'));
    await assert.rejects(forecastOf(dir, { 'lora.rank': 16 }), {
      name: 'UserError',
      message: /mlp\.gate_proj\.weight is \[4864, 896\], but config\.json calls for \[4800, 896\]; take both from/,
    });
  });
});
