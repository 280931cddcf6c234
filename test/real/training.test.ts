import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { recR1, recR1Json } from '../fixtures/command-line.ts';
import { sharedData } from '../fixtures/shared-data.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

const SMALL = ['rollout.prompts=2', 'rollout.groupSize=4', 'evaluation.limit=4'].flatMap((set) => ['--set', set]);

describe('training on real data', () => {
  it('runs to its end on the purchase histories of Amazon Beauty', async (test) => {
    const task = sharedData(test, 'amazon-beauty');
    if (task === undefined) return;
    const run = join(temporaryFolder(test), 'run');
    const lines = await recR1Json('train', '--task', task, '--run', run, '--steps', '2', ...SMALL);
    assert.deepEqual(lines.at(-1), { run, checkpoint: 'step-000002' });
  });

  it('runs to its end on Cranfield after an import', async (test) => {
    const from = sharedData(test, 'cranfield');
    if (from === undefined) return;
    const folder = temporaryFolder(test);
    const [task, run] = [join(folder, 'task'), join(folder, 'run')];
    assert.equal((await recR1('import', '--from', from, '--out', task)).status, 0);
    const lines = await recR1Json('train', '--task', task, '--run', run, '--steps', '2', ...SMALL);
    assert.deepEqual(lines.at(-1), { run, checkpoint: 'step-000002' });
  });

  it('puts the candidates of Cranfield in order, and starts from the order in which BM25 retrieved them', async (test) => {
    const from = sharedData(test, 'cranfield');
    if (from === undefined) return;
    const folder = temporaryFolder(test);
    const [task, run] = [join(folder, 'task'), join(folder, 'run')];
    const [made] = await recR1Json('candidates', '--task', from, '--out', task, '--depth', '4');
    const { examples, originalOrder } = made as { examples: { train: number }; originalOrder: { validation: number } };
    assert.ok(examples.train > 136 / 2, 'most training queries have a relevant document among the best four');
    const whole = ['evaluation.limit=1000', 'rollout.maxPromptTokens=400'].flatMap((set) => ['--set', set]);
    await recR1Json('train', '--task', task, '--run', run, '--steps', '1', ...SMALL, ...whole);
    const [evaluation] = await recR1Json('evaluate', '--run', run);
    const raw = (evaluation as { baseline: Record<string, number> }).baseline['ndcg@10'];
    assert.ok(Math.abs(raw - originalOrder.validation) < 1e-12);
  });

  it('keeps owned items in the rankings of Amazon Beauty when it is told to, as the paper did', async (test) => {
    const task = sharedData(test, 'amazon-beauty');
    if (task === undefined) return;
    const rawOf = async (owned: string): Promise<number> => {
      const set = ['--set', `sequence.owned=${owned}`, '--set', 'evaluation.limit=200'];
      const [evaluation] = await recR1Json('evaluate', '--task', task, '--arm', 'raw', ...set);
      return (evaluation as { metrics: Record<string, number> }).metrics['ndcg@10'];
    };
    const [without, withThem] = [await rawOf('excluded'), await rawOf('included')];
    assert.ok(without > withThem, `a history finds its own items first: ${without} without them, ${withThem} with`);
  });
});
