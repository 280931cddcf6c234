/** @file Word problems whose answer is a number, as in GSM8K (arXiv 2110.14168): the last number that the model writes counts. */
import type { NumberQuestion } from '../../data/retention-items.ts';
import type { Policy } from '../../model/policy.ts';
import { greedyAnswers, type ProbeOutcome, type ProbeSettings } from './probe.ts';

const REQUEST = 'Think step by step, and end with the answer as a number.';

/** 1 for each question whose last number is the answer, otherwise 0; `written` is the share of answers with a number. */
export async function calculate(
  policy: Policy,
  questions: readonly NumberQuestion[],
  settings: ProbeSettings,
): Promise<ProbeOutcome> {
  const prompts = questions.map(({ question }) => `${question}\n${REQUEST}`);
  const answers = await greedyAnswers(policy, prompts, settings);
  const numbers = answers.map(lastNumber);
  return {
    values: questions.map(({ answer }, i) => Number(numbers[i] === answer)),
    details: { written: numbers.filter((found) => found !== undefined).length / Math.max(1, numbers.length) },
    answers: answers.map((answer, i) => ({ prompt: prompts[i], answer })),
  };
}

/** `1,234.50`, `-3` and `$7.` are numbers; undefined when there is none. */
export function lastNumber(text: string): number | undefined {
  const found = text.match(/(?<![\w.])-?\d[\d,]*(?:\.\d+)?|\d[\d,]*(?:\.\d+)?/g)?.at(-1);
  return found === undefined ? undefined : Number(found.replaceAll(',', ''));
}
