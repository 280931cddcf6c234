/** @file The rollouts of a run as stored answers, so that they can be scored again with another reward. */
import type { StoredAnswer } from '../data/rollouts.ts';
import { openRunReader } from '../runs/reader.ts';

/** Every rollout of the steps that count, in their order. The column `step` can be asked for. */
// eslint-disable-next-line @typescript-eslint/require-await -- a stream, as stored answers of files are
export async function* answersOfRun(runDir: string): AsyncGenerator<StoredAnswer> {
  const reader = openRunReader(runDir);
  try {
    for (const event of reader.eventsAfter(0)) {
      if (event.kind !== 'step' || event.discarded) continue;
      const { step } = event;
      for (const [g, { exampleId, rollouts }] of reader.groups(step).entries()) {
        for (const { text, reward, advantage, tokens } of rollouts) {
          yield {
            text,
            isBare: false,
            id: exampleId,
            trained: { group: `step ${step}, group ${g + 1}`, reward, advantage, tokens },
            row: { value: { step }, where: `${runDir}, step ${step}` },
          };
        }
      }
    }
  } finally {
    reader.close();
  }
}
