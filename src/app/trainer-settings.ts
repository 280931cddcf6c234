/** @file What a configuration means to the trainer. */
import type { RewardShape } from '../rl/reward.ts';
import type { TrainerSettings } from '../rl/trainer.ts';
import type { UpdateSettings } from '../rl/update.ts';
import type { RunConfig } from './config.ts';
import { rolloutSettings } from './parts.ts';

export function trainerSettings(config: RunConfig, reward: RewardShape): TrainerSettings {
  const temperature = config['rollout.temperature'];
  const microBatchTokens = config['optimizer.microBatchTokens'];
  return {
    seed: config.seed,
    steps: config.steps,
    prompts: config['rollout.prompts'],
    schedule: { warmup: config['optimizer.warmup'], decay: config['optimizer.decay'] },
    sampling: {
      rollout: rolloutSettings(config),
      reward,
      equalGroups: config['grpo.equalGroups'],
      resampleTries: config['grpo.resampleTries'],
    },
    lessons: {
      advantage: config['grpo.advantage'],
      klInReward: config['grpo.klPlace'] === 'reward' ? signedKl(config) : 0,
      klEstimator: config['grpo.klEstimator'],
      maskTruncated: config['grpo.overlong'] === 'mask',
      temperature,
      microBatchTokens,
    },
    update: updateSettings(config),
    guards: {
      notFinite: config['guard.notFinite'] === 'on',
      entropy: config['guard.entropy'],
      malformed: config['guard.malformed'],
      clipped: config['guard.clipped'],
      patience: config['guard.patience'],
    },
    evaluationK: config['evaluation.k'],
    evaluationSamples: config['evaluation.samples'],
    evaluateEvery: config['evaluation.every'],
    checkpointEvery: config['checkpoint.every'],
    traceTokens: config['rollout.traceTokens'] === 'on',
  };
}

function updateSettings(config: RunConfig): UpdateSettings {
  const dualClip = config['grpo.dualClip'];
  return {
    ratio: config['grpo.ratio'],
    clip: config['grpo.clip'],
    clipHigh: config['grpo.clipHigh'] || config['grpo.clip'],
    ...(dualClip > 0 && { dualClip }),
    klEstimator: config['grpo.klEstimator'],
    kl: config['grpo.klPlace'] === 'loss' ? signedKl(config) : 0,
    entropy: config['grpo.entropy'],
    aggregation: config['grpo.aggregation'],
    maxNewTokens: config['rollout.maxNewTokens'],
    epochs: config['grpo.epochs'],
    miniBatches: config['grpo.miniBatches'],
    correction: config['grpo.correction'],
    correctionCap: config['grpo.correctionCap'],
    temperature: config['rollout.temperature'],
    microBatchTokens: config['optimizer.microBatchTokens'],
    checkpointing: config['model.checkpointing'],
    learningRate: config['optimizer.learningRate'],
    weightDecay: config['optimizer.weightDecay'],
    maxGradNorm: config['optimizer.maxGradNorm'],
  };
}

function signedKl(config: RunConfig): number {
  return config['grpo.klSign'] === 'paper' ? -config['grpo.kl'] : config['grpo.kl'];
}
