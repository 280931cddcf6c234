/**
 * @file What a configuration names, opened: the task, the tensor engine, the start policy.
 */
import { join, resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import { packageRoot } from '../base/package-root.ts';
import { openTask } from '../data/open-task.ts';
import type { PromptStyle } from '../data/prompt.ts';
import type { Example, Split, Task } from '../data/task.ts';
import { selectBackend, type SelectedBackend } from '../model/backend.ts';
import { parseStops } from '../model/stops.ts';
import type { RolloutSettings } from '../rl/rollout.ts';
import type { RunConfig } from './config.ts';

/** The folder of the task: the bundled sample by its name, otherwise the path itself. */
export function taskDir(config: RunConfig): string {
  return config.task === 'sample' ? join(packageRoot(), 'media', 'sample') : resolve(config.task);
}

/** The folder of the start policy: the bundled starter by its name, otherwise the path itself. */
export function modelDir(config: RunConfig): string {
  return config.model === 'starter' ? join(packageRoot(), 'media', 'starter') : resolve(config.model);
}

/** The task that the configuration names. */
export async function openTaskOf(config: RunConfig): Promise<Task> {
  const task = await openTask(taskDir(config));
  return config['sequence.owned'] === 'excluded' ? task : { ...task, examples: rankingOwned(task.examples) };
}

function rankingOwned(examples: Task['examples']): Task['examples'] {
  const marked = (split: Split): readonly Example[] =>
    examples[split].map((example) => (example.history ? { ...example, ranksOwned: true } : example));
  return { train: marked('train'), validation: marked('validation'), test: marked('test') };
}

export async function openBackend(config: RunConfig): Promise<SelectedBackend> {
  return selectBackend(config.backend, config.threads > 0 ? { threads: config.threads } : {});
}

/** The first `evaluation.limit` examples of a split. @throws UserError when there are none. */
export function examplesOf(task: Task, split: Split, config: RunConfig): readonly Example[] {
  const examples = task.examples[split];
  if (examples.length === 0) {
    throw new UserError(`${task.dir}: the ${split} split has no example; add judgments for it.`);
  }
  return split === 'train' ? examples : examples.slice(0, config['evaluation.limit']);
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
