import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { configFrom } from '../../../src/app/config.ts';
import { suggestedSampling } from '../../../src/app/suggested-sampling.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

it('what the makers of a model suggest is said where the settings do otherwise', async (test) => {
  const dir = temporaryFolder(test);
  writeFileSync(join(dir, 'generation_config.json'), JSON.stringify({ temperature: 0.7, top_p: 0.8, top_k: 20 }));
  const config = configFrom({ model: dir, 'rollout.topP': 0.8 }, 'test');
  const expected =
    "The model's makers suggest to sample with rollout.temperature=0.7, rollout.topK=20; --set does so, but training without is usual.";
  assert.equal(await suggestedSampling(config), expected);
});

it('a model whose makers suggest nothing has nothing said of it', async (test) => {
  assert.equal(await suggestedSampling(configFrom({ model: temporaryFolder(test) }, 'test')), undefined);
});
