/**
 * @file What a configuration says of tensors: the engine, the start policy's folder, how it is sampled.
 */
import { join, resolve } from 'node:path';
import { packageRoot } from '../base/package-root.ts';
import type { PromptStyle } from '../data/prompt.ts';
import { selectBackend, type SelectedBackend } from '../model/backend.ts';
import { parseStops } from '../model/stops.ts';
import type { RolloutSettings } from '../rl/rollout.ts';
import type { RunConfig } from './config.ts';

/** The folder of the start policy: the bundled starter by its name, otherwise the path itself. */
export function modelDir(config: RunConfig): string {
  return config.model === 'starter' ? join(packageRoot(), 'media', 'starter') : resolve(config.model);
}

export async function openBackend(config: RunConfig): Promise<SelectedBackend> {
  return selectBackend(config.backend, config.threads > 0 ? { threads: config.threads } : {});
}

function promptStyle(config: RunConfig): PromptStyle {
  const automatic: PromptStyle = config.model === 'starter' ? 'plain' : 'paper';
  return config.promptStyle === 'auto' ? automatic : config.promptStyle;
}

/** How rewrites are sampled. @throws UserError for stops that are written wrongly. */
export function rolloutSettings(config: RunConfig): RolloutSettings {
  return {
    promptStyle: promptStyle(config),
    maxPromptTokens: config['rollout.maxPromptTokens'],
    groupSize: config['rollout.groupSize'],
    temperature: config['rollout.temperature'],
    topK: config['rollout.topK'],
    topP: config['rollout.topP'],
    minP: config['rollout.minP'],
    repetitionPenalty: config['rollout.repetitionPenalty'],
    stops: parseStops(config['rollout.stop'], 'The setting rollout.stop'),
    maxNewTokens: config['rollout.maxNewTokens'],
  };
}
