import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { packageRoot } from '../../../src/base/package-root.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { disposePolicy, loadPolicy } from '../../../src/model/policy.ts';
import { predict, tokenBatch } from '../../../src/rl/token-batch.ts';
import { recR1, recR1Json } from '../../fixtures/command-line.ts';
import { train } from '../../fixtures/small-training.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const SEQUENCES = [{ promptIds: [5, 80, 300], tokens: [1000, 77, 12, 459] }];

/** Large changes, so that half precision would show. */
const LORA = { 'lora.rank': 4, 'optimizer.learningRate': 0.01, 'optimizer.warmup': 0 };

async function logProbs(dir: string): Promise<number[]> {
  const policy = await loadPolicy(dir);
  const values = tf.tidy(() => [...predict(policy, tokenBatch(SEQUENCES), 1).dataSync()]);
  disposePolicy(policy);
  return values;
}

function assertClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  for (const [i, value] of actual.entries()) assert.ok(Math.abs(value - expected[i]) <= tolerance, `${value} at ${i}`);
}

describe('rec-r1 export', () => {
  before(() => selectBackend('embedded'));
  after(() => {
    tf.disposeVariables();
  });

  it('writes what LoRA trained as a merged model, as an adapter and for llama.cpp', async (test) => {
    const folder = temporaryFolder(test);
    const runDir = join(folder, 'run');
    await train(runDir, LORA);
    const checkpoint = join(runDir, 'checkpoints', 'step-000004');
    const expected = await logProbs(checkpoint);
    assert.notDeepEqual(expected, await logProbs(join(packageRoot(), 'media/starter')));
    const exported = async (format: string, dtype: string): Promise<string> => {
      const out = join(folder, `${format}-${dtype}`);
      const args = ['--run', runDir, '--out', out, '--format', format, '--dtype', dtype];
      const [summary] = (await recR1Json('export', ...args)) as [{ checkpoint: string; out: string; files: object[] }];
      assert.deepEqual([summary.checkpoint, summary.out], ['step-000004', out]);
      assert.equal(summary.files.length, readdirSync(out).length);
      return out;
    };

    const merged = await exported('merged', 'f32');
    assert.deepEqual(readdirSync(merged), [
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    assertClose(await logProbs(merged), expected, 1e-4);
    const half = await exported('merged', 'bf16');
    assert.match(readFileSync(join(half, 'config.json'), 'utf8'), /"torch_dtype": "bfloat16"/);
    assertClose(await logProbs(half), expected, 0.3);

    const adapter = await exported('adapter', 'f32');
    assert.deepEqual(readdirSync(adapter), ['adapter_config.json', 'adapter_model.safetensors']);
    assertClose(await logProbs(adapter), expected, 0);

    const gguf = await exported('gguf', 'f16');
    assert.deepEqual(readdirSync(gguf), ['run-step-000004-f16.gguf']);
  });

  it('refuses what cannot be written with one sentence, and leaves nothing behind', async (test) => {
    const folder = temporaryFolder(test);
    const runDir = join(folder, 'run');
    const model = join(folder, 'model');
    cpSync(join(packageRoot(), 'media/starter'), model, { recursive: true });
    const path = join(model, 'tokenizer.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('|\\\\p{N}|', '|\\\\p{N}{1,2}|'));
    await train(runDir, { model, steps: 1, 'evaluation.limit': 1 });
    const before = readdirSync(folder);
    const out = join(folder, 'out');
    const cases: [string[], RegExp][] = [
      [['--format', 'merged'], /--out is missing/],
      [['--out', out], /--format is missing/],
      [['--out', out, '--format', 'onnx'], /--format is "onnx"; choose one of merged, adapter, gguf/],
      [['--out', out, '--format', 'gguf', '--dtype', 'q4'], /--dtype is "q4"; choose one of f32, f16, bf16/],
      [['--out', out, '--format', 'adapter'], /trained every weight, so there is no adapter/],
      [['--out', out, '--format', 'gguf'], /splits text in a way that llama.cpp has no name for/],
      [['--out', model, '--format', 'merged'], /model is not empty/],
      [['--out', out, '--format', 'merged', '--checkpoint', 'step-9'], /has no checkpoint "step-9"/],
    ];
    for (const [args, message] of cases) {
      const { status, stderr } = await recR1('export', '--run', runDir, ...args);
      assert.equal(status, 1, stderr);
      assert.match(stderr, message);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    }
    assert.deepEqual(readdirSync(folder), before);
  });
});
