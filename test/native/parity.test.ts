/**
 * @file The parity tests of the model's code, on TensorFlow itself: each file runs once more in a process of its own with the
 * engine `node` in place of its usual ones.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { NATIVE_FOLDER } from '../../src/base/environment.ts';
import { packageRoot } from '../../src/base/package-root.ts';
import { TEST_ENGINE } from '../fixtures/engines.ts';
import { bindingFolder, skipWithoutBinding } from './binding-folder.ts';

const FILES = [
  'golden/model/*', // Hugging Face's numbers: logits, gradients, greedy decoding
  'unit/model/ops', // operations and their gradients against float64, AdamW
  'unit/model/generate',
  'unit/model/lora',
  'unit/rl/grpo',
  'unit/rl/update', // an optimizer step
];

interface Outcome {
  readonly status: number;
  readonly output: string;
}

function runOnTensorFlow(file: string): Promise<Outcome> {
  // Without the context of this file's runner, the inner one is a runner of its own.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, [TEST_ENGINE]: 'node', [NATIVE_FOLDER]: bindingFolder() };
  return new Promise((resolve) => {
    execFile(process.execPath, ['--enable-source-maps', '--test', file], { env }, (error, stdout, stderr) => {
      resolve({ status: error ? 1 : 0, output: stdout + stderr });
    });
  });
}

describe('on TensorFlow through tfjs-node', { skip: skipWithoutBinding() }, () => {
  const root = join(packageRoot(), 'dist/test');
  for (const file of globSync(
    FILES.map((name) => `${name}.test.mjs`),
    { cwd: root },
  )) {
    it(`${file.replace('.test.mjs', '')} passes`, async () => {
      const { status, output } = await runOnTensorFlow(join(root, file));
      assert.equal(status, 0, output);
      assert.match(output, /pass [1-9]/);
    });
  }
});
