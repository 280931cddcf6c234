/**
 * @file How the makers of a model suggest to sample from it. That is shown, not applied: their values are for answering
 * people, while training learns from what it samples and is best served by the whole distribution.
 */
import { type GenerationConfig, readGenerationConfig } from '../model/generation-config.ts';
import { modelDir } from './parts.ts';
import type { RunConfig, SettingName } from './settings.ts';

const SETTING_OF = {
  temperature: 'rollout.temperature',
  topK: 'rollout.topK',
  topP: 'rollout.topP',
  minP: 'rollout.minP',
  repetitionPenalty: 'rollout.repetitionPenalty',
} as const satisfies Partial<Record<keyof GenerationConfig, SettingName>>;

/**
 * One sentence about the suggestions that the settings do not follow; undefined when there are none.
 *
 * @throws UserError when the model's `generation_config.json` cannot be read.
 */
export async function suggestedSampling(config: RunConfig): Promise<string | undefined> {
  const suggested = await readGenerationConfig(modelDir(config));
  const others = Object.entries(SETTING_OF).flatMap(([name, setting]) => {
    const value = suggested[name as keyof typeof SETTING_OF];
    return value === undefined || value === config[setting] ? [] : [`${setting}=${value}`];
  });
  if (others.length === 0) return undefined;
  return `The model's makers suggest to sample with ${others.join(', ')}; --set does so, but training without is usual.`;
}
