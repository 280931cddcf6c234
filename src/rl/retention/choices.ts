/**
 * @file Multiple choice as in MMLU (arXiv 2009.03300): the model is not asked to write anything; the choice that it gives the
 * highest probability is its answer. By letter after the listed choices, as MMLU is scored, and by the text of the choice
 * alone with the probability per byte, which a model can do that knows no letters.
 */
import type { ChoiceQuestion } from '../../data/retention-items.ts';
import type { Policy } from '../../model/policy.ts';
import { logProbsOf } from '../log-probs.ts';
import type { ProbeOutcome, ProbeSettings } from './probe.ts';

/** 1 for each question whose right letter is the likeliest, otherwise 0; `byText` is the share by the texts. */
export async function choose(
  policy: Policy,
  questions: readonly ChoiceQuestion[],
  shots: readonly ChoiceQuestion[],
  settings: ProbeSettings,
): Promise<ProbeOutcome> {
  const examples = (form: (question: ChoiceQuestion) => string, answer: (question: ChoiceQuestion) => string): string =>
    shots.map((shot) => `${form(shot)}${answer(shot)}\n\n`).join('');
  const byLetter = await likeliest(policy, questions, settings, (question) => ({
    prompt: examples(lettered, ({ answer }) => ` ${letter(answer)}`) + lettered(question),
    continuations: question.choices.map((_, i) => ` ${letter(i)}`),
  }));
  const byText = await likeliest(policy, questions, settings, (question) => ({
    prompt: examples(bare, ({ choices, answer }) => ` ${choices[answer]}`) + bare(question),
    continuations: question.choices.map((choice) => ` ${choice}`),
  }));
  const right = (chosen: readonly number[]): number[] => questions.map(({ answer }, i) => Number(chosen[i] === answer));
  const texts = right(byText);
  return {
    values: right(byLetter),
    details: { byText: texts.reduce((sum, value) => sum + value, 0) / Math.max(1, texts.length) },
  };
}

interface Continued {
  readonly prompt: string;
  readonly continuations: readonly string[];
}

/** Place of the continuation with the highest log-probability per byte, for each question; the first of equals. */
async function likeliest(
  policy: Policy,
  questions: readonly ChoiceQuestion[],
  { microBatchTokens, turn }: ProbeSettings,
  ask: (question: ChoiceQuestion) => Continued,
): Promise<number[]> {
  const asked = questions.map(ask);
  const sequences = asked.flatMap(({ prompt, continuations }) => {
    const promptIds = policy.tokenizer.encode(prompt);
    return continuations.map((text) => ({ promptIds, tokens: policy.tokenizer.encode(text) }));
  });
  const logProbs = await logProbsOf(policy, sequences, { temperature: 1, microBatchTokens }, turn);
  let next = 0;
  return asked.map(({ continuations }) => {
    const scores = continuations.map((text) => {
      const total = logProbs[next++].reduce((sum, value) => sum + value, 0);
      return total / Buffer.byteLength(text);
    });
    return scores.indexOf(Math.max(...scores));
  });
}

function lettered({ question, choices }: ChoiceQuestion): string {
  return `${[question, ...choices.map((choice, i) => `${letter(i)}. ${choice}`)].join('\n')}\nAnswer:`;
}

function bare({ question }: ChoiceQuestion): string {
  return `Question: ${question}\nAnswer:`;
}

function letter(place: number): string {
  return String.fromCharCode(65 + place);
}
