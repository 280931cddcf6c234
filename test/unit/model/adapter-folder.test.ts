import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { modelHash, writeBase } from '../../../src/model/adapter-folder.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { LORA_TARGETS } from '../../../src/model/lora.ts';
import { addLora, disposePolicy, loadPolicy, merged, savePolicy } from '../../../src/model/policy.ts';
import { writeSafetensors } from '../../../src/model/safetensors.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const LORA = { rank: 2, alpha: 4, dropout: 0, targets: LORA_TARGETS, rankStabilised: false };

before(() => selectBackend('embedded'));

/** A copy of the starter with an adapter of its own beside it. */
async function adapterFolder(test: TestContext): Promise<{ folder: string; base: string; dir: string }> {
  const folder = temporaryFolder(test);
  const base = join(folder, 'base');
  cpSync(join(packageRoot(), 'media/starter'), base, { recursive: true });
  const policy = addLora(await loadPolicy(base), LORA, 1, { dir: base, sha256: await modelHash(base) });
  mkdirSync(join(folder, 'adapter'));
  await savePolicy(policy, join(folder, 'adapter'));
  await writeBase(join(folder, 'adapter'), policy.lora!.base);
  disposePolicy(policy);
  return { folder, base, dir: join(folder, 'adapter') };
}

function edit(path: string, change: (value: Record<string, unknown>) => void): void {
  const value = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  change(value);
  writeFileSync(path, JSON.stringify(value));
}

describe('a folder with an adapter', () => {
  it('is found again with its base, wherever the base has gone', async (test) => {
    const { folder, base, dir } = await adapterFolder(test);
    const policy = await loadPolicy(dir);
    assert.equal(policy.parameters.size, 2 * LORA_TARGETS.length * policy.config.layers);
    assert.deepEqual(policy.lora?.config, LORA);
    disposePolicy(policy);

    const moved = join(folder, 'moved');
    renameSync(base, moved);
    await assert.rejects(loadPolicy(dir), { name: 'UserError', message: /base, which is not there; put it back/ });
    const again = await loadPolicy(dir, { otherBase: moved });
    assert.equal(again.lora?.base.dir, moved);
    disposePolicy(again);
  });

  it('is not used with a base whose files have changed', async (test) => {
    const { base, dir } = await adapterFolder(test);
    edit(join(base, 'config.json'), (config) => (config.rms_norm_eps = 0.5));
    await assert.rejects(loadPolicy(dir), { name: 'UserError', message: /base is not the model that .*adapter was/ });
  });

  it('may itself be a start policy: it is merged into its base then, and its content counts', async (test) => {
    const { folder, base, dir } = await adapterFolder(test);
    assert.notEqual(await modelHash(dir), await modelHash(base));
    const start = merged(await loadPolicy(dir));
    const policy = addLora(start, LORA, 2, { dir, sha256: await modelHash(dir) });
    const second = join(folder, 'second');
    mkdirSync(second);
    await savePolicy(policy, second);
    await writeBase(second, policy.lora!.base);
    disposePolicy(policy);
    const again = await loadPolicy(second);
    assert.equal(again.lora?.base.dir, dir);
    disposePolicy(again);
  });

  const refused: readonly (readonly [string, unknown, RegExp])[] = [
    ['use_dora', true, /adapters with DoRA cannot be read; merge them/],
    ['modules_to_save', ['lm_head'], /with modules_to_save cannot/],
    ['trainable_token_indices', [1], /with trainable tokens cannot/],
    ['rank_pattern', { q_proj: 4 }, /with rank_pattern cannot/],
    ['bias', 'all', /with bias "all" cannot/],
    ['peft_type', 'IA3', /with peft_type "IA3" cannot/],
    ['init_lora_weights', 'pissa', /with init_lora_weights "pissa" cannot/],
    ['r', 3, /lora_A is \[2, \d+\], but the model and rank 3 call for \[3, /],
    ['r', 'many', /r is "many"; it must be a positive number/],
  ];
  for (const [field, value, message] of refused) {
    it(`is refused in one sentence with ${field} ${JSON.stringify(value)}`, async (test) => {
      const { dir } = await adapterFolder(test);
      edit(join(dir, 'adapter_config.json'), (config) => (config[field] = value));
      await assert.rejects(loadPolicy(dir), { name: 'UserError', message });
    });
  }

  it('is refused with tensors that are no adapter of a projection of the model', async (test) => {
    const { dir } = await adapterFolder(test);
    const path = join(dir, 'adapter_model.safetensors');
    const embedding = { shape: [1, 1], values: () => Float32Array.of(1) };
    for (const [name, message] of [
      ['base_model.model.model.embed_tokens.lora_embedding_A', /lora_embedding_A is no LoRA matrix of a projection/],
      ['base_model.model.model.layers.9.mlp.up_proj.lora_A.weight', /the model has no model.layers.9.mlp.up_proj/],
      ['base_model.model.lm_head.lora_A.weight', /the model has no lm_head/],
      ['base_model.model.model.layers.0.mlp.up_proj.lora_A.weight', /has only one of lora_A and lora_B/],
    ] as const) {
      await writeSafetensors(path, new Map([[name, embedding]]));
      await assert.rejects(loadPolicy(dir), { name: 'UserError', message });
    }
    await writeSafetensors(path, new Map());
    await assert.rejects(loadPolicy(dir), { name: 'UserError', message: /holds no adapter; save it again/ });
    rmSync(path);
    await assert.rejects(loadPolicy(dir), { name: 'UserError', message: /has no adapter_model.safetensors/ });
  });
});
