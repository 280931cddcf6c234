/**
 * @file A reward of somebody's own: a JavaScript module whose default export makes a number of an answer. It runs in a
 * thread, so that one that does not return is ended, and only the answer it hung on has no reward.
 */
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { messageOf, UserError } from '../base/errors.ts';
import { packageRoot } from '../base/package-root.ts';
import type { AnswerForOwnReward, OwnReward } from '../rl/reward.ts';

export interface RewardThreadData {
  readonly url: string;
}

/** What a module's function is called with. Plain data: numbers, text and objects of them. */
export interface AnswerSeen {
  readonly exampleId: string;
  readonly query: string;
  readonly rewrite: string;
  /** What the model wrote, reasoning included. */
  readonly completion: string;
  /** Document id to grade of what is relevant. */
  readonly grades: Readonly<Record<string, number>>;
  /** Document id to rank, from 1, of what is relevant and was found. */
  readonly ranks: Readonly<Record<string, number>>;
  /** The best ten documents. */
  readonly top: readonly string[];
  /** What the settings would pay, and for what. */
  readonly terms: Readonly<Record<string, number>>;
  readonly reward: number;
}

export interface ToRewardThread {
  readonly answers: readonly AnswerSeen[];
}

export type FromRewardThread =
  { readonly kind: 'ready' } | { readonly kind: 'answer'; readonly value: number | { readonly error: string } };

export interface OpenReward {
  readonly reward: OwnReward;
  dispose(): Promise<void>;
}

/**
 * Loads a module; it stays loaded between answers until one takes longer than `seconds`.
 *
 * @throws UserError when it cannot be loaded within `seconds`, or exports no function.
 */
export async function openOwnReward(path: string, seconds: number): Promise<OpenReward> {
  const file = resolve(path);
  let thread: Worker | undefined = await startThread(file, seconds);
  const fail = (reason: string): { readonly error: string } => ({ error: `The reward of ${file} failed: ${reason}.` });
  const reward: OwnReward = async (answers) => {
    const seen = answers.map(answerSeen);
    const values: (number | { readonly error: string })[] = [];
    while (values.length < seen.length) {
      try {
        thread ??= await startThread(file, seconds);
        await askThread(thread, seen.slice(values.length), seconds, (value) => {
          values.push(typeof value === 'number' ? value : fail(value.error));
        });
      } catch (error) {
        values.push(fail(messageOf(error)));
        await thread?.terminate();
        thread = undefined;
      }
    }
    return values;
  };
  return {
    reward,
    dispose: async () => {
      await thread?.terminate();
    },
  };
}

async function startThread(file: string, seconds: number): Promise<Worker> {
  const workerData: RewardThreadData = { url: pathToFileURL(file).href };
  const thread = new Worker(pathToFileURL(join(packageRoot(), 'dist/reward-thread.mjs')), { workerData, execArgv: [] });
  try {
    await once(thread, 'message', { signal: AbortSignal.timeout(seconds * 1000) }); // or its error
    thread.unref(); // while it is asked, the time limit keeps the process alive
    return thread;
  } catch (error) {
    await thread.terminate();
    const why =
      error instanceof Error && error.name === 'AbortError' ? `it took longer than ${seconds} s` : messageOf(error);
    throw new UserError(
      `The reward module ${file} cannot be used: ${why}. Give reward.module a JavaScript module whose default export is a function.`,
    );
  }
}

/** Asks for all answers; ends when they are there. Rejects when one takes too long or the thread dies. */
async function askThread(
  thread: Worker,
  answers: readonly AnswerSeen[],
  seconds: number,
  take: (value: number | { readonly error: string }) => void,
): Promise<void> {
  const late = new Error(`it took longer than ${seconds} s`);
  thread.postMessage({ answers } satisfies ToRewardThread);
  await new Promise<void>((done, failed) => {
    let left = answers.length;
    const timer = setTimeout(() => {
      end(late);
    }, seconds * 1000);
    const onMessage = (message: FromRewardThread): void => {
      if (message.kind === 'ready') return;
      take(message.value);
      timer.refresh();
      if (--left === 0) end();
    };
    const onExit = (): void => {
      end(new Error('it ended its thread'));
    };
    const end = (error?: Error): void => {
      clearTimeout(timer);
      thread.off('message', onMessage).off('error', end).off('exit', onExit);
      if (error) failed(error);
      else done();
    };
    thread.on('message', onMessage).on('error', end).on('exit', onExit);
  });
}

function answerSeen({ example, rewrite, completion, ranking, terms, reward }: AnswerForOwnReward): AnswerSeen {
  return {
    exampleId: example.id,
    query: example.query,
    rewrite,
    completion,
    grades: Object.fromEntries(example.relevant),
    ranks: Object.fromEntries(ranking.ranks),
    top: ranking.top,
    terms,
    reward,
  };
}
