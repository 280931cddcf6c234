/** @file What a probe is, and how a policy is asked in one: greedily, through its own chat template. */
import type { Policy } from '../../model/policy.ts';
import { generate } from '../../model/generate.ts';

/** What a probe found out about a policy. */
export interface ProbeOutcome {
  /** One for each item, in order. */
  readonly values: readonly number[];
  readonly details?: Readonly<Record<string, number>>;
  readonly answers?: readonly { readonly prompt: string; readonly answer: string }[];
}

export interface ProbeSettings {
  readonly maxNewTokens: number;
  /** Padded tokens of a forward pass. */
  readonly microBatchTokens: number;
  readonly turn: () => Promise<void>;
}

/** Prompts that decode together. */
const BATCH = 32;

/** The greedy answer to each prompt, which is the only message of its chat. */
export async function greedyAnswers(
  { weights, config, tokenizer }: Policy,
  prompts: readonly string[],
  { maxNewTokens, turn }: ProbeSettings,
): Promise<string[]> {
  const answers: string[] = [];
  for (let start = 0; start < prompts.length; start += BATCH) {
    const completions = await generate(weights, config, {
      prompts: prompts.slice(start, start + BATCH).map((prompt) => chatIds(tokenizer, prompt)),
      copies: 1,
      maxNewTokens,
      sampling: { temperature: 0 },
      endIds: tokenizer.endIds,
      rng: () => {
        throw new Error('greedy decoding draws nothing');
      },
      turn,
    });
    answers.push(...completions.map(({ tokens }) => tokenizer.decode(tokens)));
  }
  return answers;
}

/** The chat in which somebody says `prompt`, up to where the model begins to answer. */
export function chatIds(tokenizer: Policy['tokenizer'], prompt: string): number[] {
  return tokenizer.encode(tokenizer.renderChat([{ role: 'user', content: prompt }]));
}
