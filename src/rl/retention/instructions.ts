/** @file Following instructions that a program can check, as IFEval measures it: the share of prompts of which every one is followed. */
import type { InstructedPrompt } from '../../data/retention-items.ts';
import type { Policy } from '../../model/policy.ts';
import { follows, followsLoosely } from './instruction-checks.ts';
import { greedyAnswers, type ProbeOutcome, type ProbeSettings } from './probe.ts';

/** 1 for each prompt of which every instruction is followed to the letter, otherwise 0. `loose` and `each` are IFEval's too. */
export async function obey(
  policy: Policy,
  prompts: readonly InstructedPrompt[],
  settings: ProbeSettings,
): Promise<ProbeOutcome> {
  const answers = await greedyAnswers(
    policy,
    prompts.map(({ prompt }) => prompt),
    settings,
  );
  const strict = prompts.map(({ instructions }, i) =>
    instructions.map(({ id, args }) => follows(answers[i], id, args)),
  );
  const loose = prompts.map(({ instructions }, i) =>
    instructions.map(({ id, args }) => followsLoosely(answers[i], id, args)),
  );
  return {
    values: strict.map((each) => Number(each.every(Boolean))),
    details: {
      loose: share(loose.map((each) => each.every(Boolean))),
      each: share(strict.flat()),
    },
    answers: prompts.map(({ prompt }, i) => ({ prompt, answer: answers[i] })),
  };
}

function share(holds: readonly boolean[]): number {
  return holds.filter(Boolean).length / Math.max(1, holds.length);
}
