/** @file The task that a configuration names, opened. Without tensors, for what only searches. */
import { join, resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import { packageRoot } from '../base/package-root.ts';
import { openTask } from '../data/open-task.ts';
import type { Example, Split, Task } from '../data/task.ts';
import type { RunConfig } from './config.ts';

/** The folder of the task: the bundled sample by its name, otherwise the path itself. */
export function taskDir(config: RunConfig): string {
  return config.task === 'sample' ? join(packageRoot(), 'media', 'sample') : resolve(config.task);
}

/** The first `evaluation.limit` examples of a split. @throws UserError when there are none. */
export function examplesOf(task: Task, split: Split, config: RunConfig): readonly Example[] {
  const examples = task.examples[split];
  if (examples.length === 0) {
    throw new UserError(`${task.dir}: the ${split} split has no example; add judgments for it.`);
  }
  return split === 'train' ? examples : examples.slice(0, config['evaluation.limit']);
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
