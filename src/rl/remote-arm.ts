/**
 * @file Prompting a model behind an OpenAI-compatible endpoint: the same prompt, parser and recommender as for a policy.
 *
 *     POST URL/chat/completions  {"model": "…", "messages": [{"role": "user", "content": "…"}], …}
 *     200  {"choices": [{"message": {"content": "…"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}
 *
 * What the server may do wrong is met as with recommenders: a busy one is asked again after the pause that it asks for, and one
 * that cannot answer ends the evaluation, for one with holes would not be comparable.
 */
import { isRow, type Row } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { ANSWER_PREFIX } from '../data/answer.ts';
import { promptMessages, type PromptStyle } from '../data/prompt.ts';
import type { Example } from '../data/task.ts';
import { type Access, credentialsOf, type Environment } from '../retrieval/network/credentials.ts';
import { post, serverAddress, shownAddress } from '../retrieval/network/post.ts';
import { RequestFailure, type ResilienceOptions, resilientAnswers } from '../retrieval/network/resilience.ts';
import { answerOf, type Arm, type ArmAnswer, type Asked } from './arms.ts';

export interface RemoteOptions extends Access, ResilienceOptions {
  /** Up to and without `/chat/completions`. */
  readonly url: string;
  readonly model: string;
  /** Further fields of a request, such as `max_completion_tokens`; these go before our own, and null leaves one out. */
  readonly parameters?: Row;
  readonly promptStyle: PromptStyle;
  /** Of sampled answers; the best one is asked for at 0. */
  readonly temperature: number;
  readonly seed: number;
}

/** Tokens of an answer at most, as in the paper. */
const MAX_TOKENS = 512;
/** Models take longer than recommenders, and more of them let one wait for the next minute. */
const PATIENCE = { timeoutMillis: 120_000, attempts: 6 } as const;

interface Completion {
  readonly kind: 'completion';
  readonly text: string;
  readonly readTokens: number;
  readonly writtenTokens: number;
}

/** @throws UserError when the URL is none, or a named environment variable is not set. */
export function remoteArm(options: RemoteOptions, environment: Environment = process.env): Arm {
  const url = serverAddress(options.url, 'http://localhost:8000/v1');
  const who = shownAddress(url);
  const { headers, secrets } = credentialsOf(options, who, environment);
  const json = { 'content-type': 'application/json', accept: 'application/json' };
  const ask = resilientAnswers<Completion>(
    {
      who,
      secrets,
      ask: async ([body], _, signal) => {
        const target = `${url.replace(/\/+$/, '')}/chat/completions`;
        return [completionIn(await post(target, { ...json, ...headers }, body, secrets, signal))];
      },
    },
    { ...PATIENCE, ...given(options), batchSize: 1 },
  );
  const complete = async (asked: readonly Example[], bodies: readonly string[]): Promise<ArmAnswer[]> => {
    const outcomes = await ask(bodies, 1);
    return outcomes.map((outcome, i) => {
      if (outcome.kind !== 'failed') return answerIn(outcome, asked[i]);
      throw new UserError(`The answer to example ${asked[i].id} failed: ${outcome.message}`);
    });
  };
  return {
    name: options.model,
    answer: async (examples, { turn }: Asked) => {
      await turn();
      return complete(
        examples,
        examples.map((example) => requestBody(options, example, { temperature: 0 })),
      );
    },
    sample: async (examples, count, { turn }: Asked) => {
      await turn();
      const copies = examples.flatMap((example) => Array<Example>(count).fill(example));
      const drawn = (copy: number): Row => ({ temperature: options.temperature, seed: options.seed + (copy % count) });
      const bodies = copies.map((example, copy) => requestBody(options, example, drawn(copy)));
      const answers = await complete(copies, bodies);
      return examples.map((_, i) => answers.slice(i * count, (i + 1) * count));
    },
  };
}

/** Without what is undefined, which would hide a default. */
function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function requestBody({ model, promptStyle, parameters }: RemoteOptions, example: Example, sampling: Row): string {
  const fields: Row = { model, max_tokens: MAX_TOKENS, ...sampling, ...parameters };
  const wanted = Object.entries(fields).filter(([, value]) => value !== null);
  return JSON.stringify({ ...Object.fromEntries(wanted), messages: promptMessages(example, promptStyle) });
}

/** @throws RequestFailure for an answer of another form. */
function completionIn(body: unknown): Completion {
  const choices = isRow(body) ? body['choices'] : undefined;
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const message = isRow(choice) ? choice['message'] : undefined;
  if (!isRow(body) || !isRow(message)) throw new RequestFailure('the answer has no choices[0].message');
  const { content } = message;
  // Null where a model refuses: an answer in a wrong format, and no failure of the server.
  if (content !== null && typeof content !== 'string')
    throw new RequestFailure('the answer has no text in its message');
  const usage = isRow(body['usage']) ? body['usage'] : {};
  return {
    kind: 'completion',
    text: withReasoning(content ?? '', message),
    readTokens: countOf(usage['prompt_tokens']),
    writtenTokens: countOf(usage['completion_tokens']),
  };
}

/** Servers that part a model's reasoning from its answer cut out the block that our prompts ask for; only its end is judged. */
function withReasoning(content: string, message: Row): string {
  const isParted = ['reasoning_content', 'reasoning'].some((name) => typeof message[name] === 'string');
  return isParted && !content.includes('</think>') ? `</think>${content}` : content;
}

function countOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? value : 0;
}

/** A chat begins its own turn: where it opens the block that our prompts have opened, that is left out. */
function answerIn({ text, readTokens, writtenTokens }: Completion, example: Example): ArmAnswer {
  const trimmed = text.trimStart();
  const completion = trimmed.startsWith(ANSWER_PREFIX) ? trimmed.slice(ANSWER_PREFIX.length) : text;
  return { ...answerOf(completion, example), readTokens, writtenTokens };
}
