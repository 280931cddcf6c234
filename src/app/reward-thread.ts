/** @file The thread that runs somebody's own reward module: one answer after the other, so that a late one is known. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../base/errors.ts';
import type { FromRewardThread, RewardThreadData, ToRewardThread } from './own-reward.ts';

const port = parentPort;
if (!port) throw new Error('this module runs as a thread');
const tell = (message: FromRewardThread): void => {
  port.postMessage(message);
};

const { url } = workerData as RewardThreadData;
const { default: reward } = (await import(url)) as { readonly default?: unknown };
if (typeof reward !== 'function') throw new TypeError('it has no function as its default export');

port.on('message', ({ answers }: ToRewardThread) => {
  void answerAll(answers);
});
tell({ kind: 'ready' });

async function answerAll(answers: ToRewardThread['answers']): Promise<void> {
  for (const answer of answers) tell({ kind: 'answer', value: await valueOf(answer) });
}

async function valueOf(answer: ToRewardThread['answers'][number]): Promise<number | { readonly error: string }> {
  try {
    const value: unknown = await (reward as (answer: unknown) => unknown)(answer);
    return typeof value === 'number' && Number.isFinite(value)
      ? value
      : { error: `it gave ${String(value)} and not a finite number` };
  } catch (error) {
    return { error: messageOf(error) };
  }
}
