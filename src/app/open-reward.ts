/** @file The reward that a configuration names, opened. */
import { UserError } from '../base/errors.ts';
import type { Task } from '../data/task.ts';
import type { RewardShape } from '../rl/reward.ts';
import type { RunConfig } from './config.ts';
import { openOwnReward } from './own-reward.ts';

export interface OpenedReward {
  readonly shape: RewardShape;
  dispose(): Promise<void>;
}

/** @throws UserError when a module cannot be loaded, or categories are to be paid for and the corpus has none. */
export async function openReward(task: Task, config: RunConfig): Promise<OpenedReward> {
  const own =
    config['reward.module'] === ''
      ? undefined
      : await openOwnReward(config['reward.module'], config['reward.moduleSeconds']);
  const shape: RewardShape = {
    k: config['reward.k'],
    malformed: config['reward.malformed'],
    miss: config['reward.miss'],
    format: config['reward.format'],
    weights: {
      ndcg: config['reward.ndcg'],
      recall: config['reward.recall'],
      reciprocalRank: config['reward.reciprocalRank'],
      category: config['reward.category'],
      length: config['reward.length'],
      repetition: config['reward.repetition'],
    },
    ...(config['reward.category'] !== 0 && { categoryOf: categoriesOf(task) }),
    ...(own && { own: own.reward }),
  };
  return {
    shape,
    dispose: async () => {
      await own?.dispose();
    },
  };
}

function categoriesOf({ dir, documents }: Task): (id: string) => string | undefined {
  const categories = new Map(
    documents.flatMap(({ id, category }) => (category === undefined ? [] : [[id, category] as const])),
  );
  if (categories.size === 0) {
    throw new UserError(
      `${dir}: no document has a category, which reward.category pays for; add "category" to the rows of its corpus or set reward.category=0.`,
    );
  }
  return (id) => categories.get(id);
}
