/**
 * @file Settings that stand for several others: what a method, a variant of GRPO or a preset of the reward comes to. What
 * somebody gives wins over all of these.
 */
import type { RunConfig } from './settings.ts';

/** The settings that stand for others. */
export const PRESETS = ['method', 'grpo.variant', 'reward.preset'] as const;
export type Presets = Pick<RunConfig, (typeof PRESETS)[number]>;

type Stands<N extends keyof Presets> = Readonly<Record<RunConfig[N], Partial<RunConfig>>>;

const METHODS: Stands<'method'> = {
  grpo: {},
  sft: {},
  rejection: {},
  // Its loss asks only that the worse answer falls faster. At the rate of the others both fall, and much that the start policy
  // could do with them: on the sample NDCG@10 goes from 0.543 to 0.469, at this rate to 0.617, and at a third of it to 0.571.
  dpo: { 'optimizer.learningRate': 1e-4 },
};

const VARIANTS: Stands<'grpo.variant'> = {
  'rec-r1': {},
  grpo: { 'grpo.aggregation': 'sequences' },
  'dr-grpo': { 'grpo.advantage': 'dr-grpo', 'grpo.aggregation': 'constant', 'grpo.kl': 0 },
  dapo: { 'grpo.clipHigh': 0.28, 'grpo.kl': 0, 'grpo.overlong': 'mask', 'grpo.equalGroups': 'resample' },
  gspo: {
    'grpo.ratio': 'sequence',
    'grpo.aggregation': 'sequences',
    'grpo.clip': 3e-4,
    'grpo.clipHigh': 4e-4,
    'grpo.kl': 0,
  },
  rloo: {
    'grpo.advantage': 'rloo',
    'grpo.ratio': 'sequence-product',
    'grpo.aggregation': 'sequences',
    'grpo.klEstimator': 'k1',
    'grpo.klPlace': 'reward',
  },
  'reinforce++': { 'grpo.advantage': 'reinforce++', 'grpo.klEstimator': 'k1', 'grpo.klPlace': 'reward' },
  'reinforce++-baseline': { 'grpo.advantage': 'reinforce++-baseline', 'grpo.klEstimator': 'k2' },
};

const REWARDS: Stands<'reward.preset'> = {
  paper: {},
  'paper-multi': { 'reward.category': 0.2 },
  additive: { 'reward.miss': 0.1 },
};

/** What the presets of a configuration come to. */
export function presetsOf(presets: Presets): Partial<RunConfig> {
  return { ...METHODS[presets.method], ...VARIANTS[presets['grpo.variant']], ...REWARDS[presets['reward.preset']] };
}
