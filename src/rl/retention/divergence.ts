/**
 * @file How far a policy has moved from the start policy, on prompts that it was never trained on: the k3 estimate of
 * KL(policy ‖ start) in nats per token, over answers that the policy draws itself at temperature 1 with full support, where it
 * is unbiased (Schulman, "Approximating KL divergence", 2020).
 */
import { rngFrom } from '../../base/rng.ts';
import { generate } from '../../model/generate.ts';
import type { Policy } from '../../model/policy.ts';
import { logProbsOf } from '../log-probs.ts';
import type { TokenSequence } from '../token-batch.ts';
import type { ProbeOutcome, ProbeSettings } from './probe.ts';

/** Prompts that decode together. */
const BATCH = 16;

export interface DivergenceSettings extends ProbeSettings {
  /** Answers that are drawn for each prompt. */
  readonly samples: number;
  /** Draws depend on it, on the prompt's place and on the copy alone. */
  readonly seed: number;
}

/** One mean over the tokens of its answers for each prompt. */
export async function divergence(
  policy: Policy,
  start: Policy,
  prompts: readonly (readonly number[])[],
  { samples, seed, ...settings }: DivergenceSettings,
): Promise<ProbeOutcome> {
  const values: number[] = [];
  for (let first = 0; first < prompts.length; first += BATCH) {
    const batch = prompts.slice(first, first + BATCH);
    const completions = await generate(policy.weights, policy.config, {
      prompts: batch.map((prompt) => [...prompt]),
      copies: samples,
      maxNewTokens: settings.maxNewTokens,
      sampling: { temperature: 1 },
      endIds: policy.tokenizer.endIds,
      rng: (prompt, copy) => rngFrom(seed, 'divergence', first + prompt, copy),
      turn: settings.turn,
    });
    const drawn = completions.map(({ tokens }, i): TokenSequence => ({
      promptIds: batch[Math.floor(i / samples)],
      tokens,
    }));
    const passes = { temperature: 1, microBatchTokens: settings.microBatchTokens };
    const own = await logProbsOf(policy, drawn, passes, settings.turn);
    const reference = await logProbsOf(start, drawn, passes, settings.turn);
    for (let p = 0; p < batch.length; p++) {
      const copies = Array.from({ length: samples }, (_, c) => p * samples + c);
      values.push(
        meanK3(
          copies.flatMap((i) => own[i]),
          copies.flatMap((i) => reference[i]),
        ),
      );
    }
  }
  return { values };
}

/** The mean of r − 1 − log r with r = q/p, of tokens that were drawn from p. Not for empty input. */
export function meanK3(logP: readonly number[], logQ: readonly number[]): number {
  const sum = logP.reduce((total, value, i) => {
    const logRatio = logQ[i] - value;
    return total + Math.exp(logRatio) - 1 - logRatio;
  }, 0);
  return sum / logP.length;
}
