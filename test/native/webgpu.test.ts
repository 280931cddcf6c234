/**
 * @file A rollout and a GRPO step through WebGPU give what plain JavaScript gives. Needs a GPU, or a processor that plays one:
 * SwiftShader or Mesa's lavapipe, by VK_ICD_FILENAMES, with Vulkan's loader on the library path.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { NATIVE_FOLDER } from '../../src/base/environment.ts';
import { messageOf } from '../../src/base/errors.ts';
import { rngFrom } from '../../src/base/rng.ts';
import { createAdamW, disposeAdamW } from '../../src/model/adamw.ts';
import { type BackendName, selectBackend } from '../../src/model/backend.ts';
import { generate } from '../../src/model/generate.ts';
import { disposePolicy } from '../../src/model/policy.ts';
import { logProbsOf } from '../../src/rl/log-probs.ts';
import { updatePolicy } from '../../src/rl/update.ts';
import { TINY, tinyPolicy } from '../fixtures/tiny-policy.ts';
import { UPDATE } from '../fixtures/update-settings.ts';
import { bindingFolder, skipWithoutBinding } from './binding-folder.ts';

const PROMPTS = [[5, 6, 7], [9, 8, 7, 6, 5, 4], [3]];
const SETTINGS = { ...UPDATE, entropy: 0.01, epochs: 2, weightDecay: 0.1, maxGradNorm: 0.1 };
const noTurn = (): Promise<void> => Promise.resolve();

interface Outcome {
  readonly tokens: readonly (readonly number[])[];
  readonly gradNorm: number;
  /** Every weight after the step. */
  readonly weights: readonly (readonly [name: string, values: Float32Array])[];
}

/** Two draws of each prompt, one rewarded and one not, and what the policy learns of them. */
async function trainOn(engine: BackendName): Promise<Outcome> {
  await selectBackend(engine);
  const [policy, reference] = [tinyPolicy(), tinyPolicy()];
  const optimizer = createAdamW([...policy.parameters.values()]);
  const completions = await generate(policy.weights, TINY, {
    prompts: PROMPTS,
    copies: 2,
    maxNewTokens: 8,
    sampling: { temperature: 1 },
    endIds: [0],
    rng: (prompt, copy) => rngFrom(7, prompt, copy),
    turn: noTurn,
  });
  const drawn = completions.map((completion, i) => ({ ...completion, promptIds: PROMPTS[i >> 1] }));
  const references = await logProbsOf(reference, drawn, SETTINGS, noTurn);
  const sequences = drawn.map((sequence, i) => ({
    ...sequence,
    reference: references[i],
    advantage: i % 2 === 0 ? 1 : -1,
  }));
  const { gradNorm } = await updatePolicy(policy, optimizer, sequences, SETTINGS, { seed: 1, step: 1 }, noTurn);
  const weights = await Promise.all(
    Array.from(policy.parameters, async ([name, variable]) => [name, await variable.data<'float32'>()] as const),
  );
  disposeAdamW(optimizer);
  for (const each of [policy, reference]) disposePolicy(each);
  return { tokens: completions.map(({ tokens }) => tokens), gradNorm, weights };
}

describe('on WebGPU', { skip: skipWithoutBinding() }, () => {
  let unavailable: string | undefined;
  before(async () => {
    process.env[NATIVE_FOLDER] = bindingFolder();
    unavailable = await selectBackend('webgpu').then(() => undefined, messageOf);
  });

  it('draws the same tokens and learns the same as in plain JavaScript', async (test) => {
    if (unavailable !== undefined) {
      test.skip(unavailable);
      return;
    }
    const [actual, expected] = [await trainOn('webgpu'), await trainOn('cpu')];
    assert.deepEqual(actual.tokens, expected.tokens);
    assert.ok(Math.abs(actual.gradNorm / expected.gradNorm - 1) < 1e-4, `${actual.gradNorm}, not ${expected.gradNorm}`);
    // Where a gradient is nearly zero, AdamW makes a step of its rounding.
    const tolerance = 0.1 * SETTINGS.learningRate;
    for (const [i, [name, values]] of expected.weights.entries()) {
      const [, ours] = actual.weights[i];
      for (const [j, value] of values.entries()) {
        assert.ok(Math.abs(ours[j] - value) < tolerance, `${name}[${j}]: ${ours[j]}, not ${value}`);
      }
    }
  });
});
