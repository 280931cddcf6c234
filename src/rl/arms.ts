/**
 * @file Arms: whatever may stand in a row of an evaluation's table. An arm answers examples, with a query for the recommender
 * or with a ranking of its own, and says what that cost in tokens. How good the answers are is not its business:
 * `evaluate.ts` searches, measures and takes the time, the same way for all of them.
 */
import { parseCompletion } from '../data/answer.ts';
import type { Example } from '../data/task.ts';
import type { Policy } from '../model/policy.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import type { TrainingCost } from '../runs/training-cost.ts';
import { rollOut, type RolloutSettings } from './rollout.ts';

export type Answer =
  /** Searched with the recommender; in re-ranking the names of the candidates in an order, as the parser gives them. */
  | { readonly kind: 'rewrite'; readonly rewrite: string }
  /** Ids, best first; what the shopper owns may be among them and is left out later. */
  | { readonly kind: 'ranking'; readonly ids: readonly string[] }
  /** Finds nothing; `format` says what is wrong with it. */
  | { readonly kind: 'malformed'; readonly format: string };

export type ArmAnswer = Answer & {
  /** Tokens of the prompt; absent for an arm that reads none. */
  readonly readTokens?: number;
  readonly writtenTokens?: number;
  /** Whether a part of the payload did not fit into the prompt; absent for an arm that has none. */
  readonly promptCut?: boolean;
};

export interface Asked {
  /** Documents that count in a ranking after what the shopper owns is left out. */
  readonly k: number;
  /** Awaited between small pieces of work: lets messages in, throws to cancel. */
  readonly turn: () => Promise<void>;
}

export interface Arm {
  /** In tables and file names: a checkpoint's name, `raw`, `popularity`. */
  readonly name: string;
  /** Its best answer to each example, in their order, the same at every call. @throws UserError when one cannot be had. */
  answer(examples: readonly Example[], asked: Asked): Promise<readonly ArmAnswer[]>;
  /** Seeded draws, `count` for each example. Absent where an arm has but one answer. */
  sample?(examples: readonly Example[], count: number, asked: Asked): Promise<readonly (readonly ArmAnswer[])[]>;
  /** What it took to make the arm, where that is known: tokens or items that were sampled or learnt from. */
  readonly training?: TrainingCost;
  /** What a reader of its numbers should know. */
  readonly note?: (examples: readonly Example[]) => string;
  /** Where its queries are searched, unless with the recommender of the task. */
  readonly retriever?: Retriever;
  dispose?(): Promise<void>;
}

/** The queries as they were typed. */
export function rawQueryArm(name = 'raw'): Arm {
  return {
    name,
    answer: (examples) => Promise.resolve(examples.map(({ query }) => ({ kind: 'rewrite', rewrite: query }))),
  };
}

/** A policy: greedy rewrites, and samples as in training. It does not dispose the policy. */
export function policyArm(
  name: string,
  policy: Policy,
  rollout: Omit<RolloutSettings, 'groupSize'>,
  seed: number,
): Arm {
  const draw = async (
    examples: readonly Example[],
    settings: RolloutSettings,
    { turn }: Asked,
  ): Promise<readonly (readonly ArmAnswer[])[]> => {
    const groups = await rollOut(policy, examples, settings, { seed, step: 0 }, turn);
    return groups.map(({ example, promptIds, promptCut, completions }) =>
      completions.map(({ text, tokens }) => ({
        ...answerOf(text, example),
        readTokens: promptIds.length,
        writtenTokens: tokens.length,
        promptCut,
      })),
    );
  };
  return {
    name,
    answer: async (examples, asked) =>
      (await draw(examples, { ...rollout, groupSize: 1, temperature: 0 }, asked)).map(([answer]) => answer),
    sample: (examples, count, asked) => draw(examples, { ...rollout, groupSize: count }, asked),
  };
}

/** What a completion in the paper's format says. */
export function answerOf(completion: string, example: Example): Answer {
  const { format, rewrite } = parseCompletion(completion, example);
  return format === 'ok' ? { kind: 'rewrite', rewrite } : { kind: 'malformed', format };
}
