/** @file Rollouts: the policy's sampled answers to a batch of queries, one group for each. */
import { type Rng, rngFrom } from '../base/rng.ts';
import { promptOf, type PromptStyle } from '../data/prompt.ts';
import type { Example } from '../data/task.ts';
import { type Completion, generate } from '../model/generate.ts';
import type { SamplingOptions } from '../model/sample-tokens.ts';
import { endsWithin, type Stops } from '../model/stops.ts';
import { encodePrompt, type Policy } from '../model/policy.ts';

export interface RolloutSettings extends SamplingOptions {
  readonly promptStyle: PromptStyle;
  readonly maxPromptTokens: number;
  readonly groupSize: number;
  readonly maxNewTokens: number;
  /** What ends a completion besides the model's end tokens. */
  readonly stops?: Stops;
}

export interface SampledCompletion extends Completion {
  readonly text: string;
}

export interface SampledGroup {
  readonly example: Example;
  readonly promptIds: readonly number[];
  /** Whether a part of the payload did not fit into the prompt. */
  readonly promptCut: boolean;
  readonly completions: readonly SampledCompletion[];
}

/**
 * One group of `groupSize` completions for each example, in order.
 *
 * Draws depend on the seed, the step, the example and the copy, never on what else is in the batch.
 */
export async function rollOut(
  policy: Policy,
  examples: readonly Example[],
  settings: RolloutSettings,
  random: { readonly seed: number; readonly step: number },
  turn: () => Promise<void>,
): Promise<SampledGroup[]> {
  const prompts = examples.map((example) =>
    encodePrompt(policy.tokenizer, promptOf(example, settings.promptStyle), settings.maxPromptTokens),
  );
  const rng = (prompt: number, copy: number): Rng =>
    rngFrom(random.seed, 'rollout', random.step, examples[prompt].id, copy);
  const { tokenizer } = policy;
  const { ids, texts } = settings.stops ?? { ids: [], texts: [] };
  const completions = await generate(policy.weights, policy.config, {
    prompts: prompts.map(({ ids }) => ids),
    copies: settings.groupSize,
    maxNewTokens: settings.maxNewTokens,
    sampling: settings,
    endIds: [...tokenizer.endIds, ...ids],
    ends: endsWithin(texts, (tokens) => tokenizer.decode(tokens)),
    rng,
    turn,
  });
  return examples.map((example, i) => ({
    example,
    promptIds: prompts[i].ids,
    promptCut: prompts[i].cut,
    completions: completions
      .slice(i * settings.groupSize, (i + 1) * settings.groupSize)
      .map((completion) => ({ ...completion, text: tokenizer.decode(completion.tokens) })),
  }));
}
