import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseCompletion } from '../../../src/data/answer.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { disposePolicy, type Policy } from '../../../src/model/policy.ts';
import { EMPTY_RANKING } from '../../../src/retrieval/judged.ts';
import { type LessonSettings, lessonsOf } from '../../../src/rl/lessons.ts';
import { logProbsOf } from '../../../src/rl/log-probs.ts';
import type { ScoredGroup } from '../../../src/rl/scored-groups.ts';
import { enginesUnderTest } from '../../fixtures/engines.ts';
import { tinyPolicy } from '../../fixtures/tiny-policy.ts';

const SETTINGS: LessonSettings = {
  advantage: 'dr-grpo',
  klInReward: 0,
  klEstimator: 'k1',
  maskTruncated: false,
  temperature: 1,
  microBatchTokens: 12,
};
const PROMPT = [1, 2, 3];
const TOKENS = [
  [10, 11, 0],
  [20, 0],
  [30, 31, 32, 33],
];
const noTurn = (): Promise<void> => Promise.resolve();

describe('lessonsOf', () => {
  let reference: Policy;
  let logProbs: number[][];
  before(async () => {
    await selectBackend(enginesUnderTest('embedded')[0]);
    reference = tinyPolicy();
    logProbs = await logProbsOf(
      reference,
      TOKENS.map((tokens) => ({ promptIds: PROMPT, tokens })),
      SETTINGS,
      noTurn,
    );
  });
  after(() => {
    disposePolicy(reference);
  });

  /** Three completions, the last cut by the limit; each token `strayed` nats likelier than under the start policy. */
  const groupOf = (rewards: readonly (number | null)[], strayed = [0, 0, 0]): ScoredGroup => ({
    example: { id: 'q', query: 'q', relevant: new Map() },
    promptIds: PROMPT,
    promptCut: false,
    completions: TOKENS.map((tokens, i) => {
      const values = logProbs[i].map((value) => value + strayed[i]);
      return { tokens, logProbs: values, samplingLogProbs: values, ended: i < 2, text: '' };
    }),
    scored: rewards.map((reward) => ({ parsed: parseCompletion('', {}), reward, terms: {}, ranking: EMPTY_RANKING })),
  });
  const advantagesIn = async (group: ScoredGroup, changes: Partial<LessonSettings> = {}): Promise<number[]> => {
    const { sequences } = await lessonsOf([group], reference, { ...SETTINGS, ...changes }, noTurn);
    return sequences.map(({ advantage }) => Number(advantage.toFixed(5)));
  };

  it('gives each completion its advantage and what the start policy makes of it, in their order', async () => {
    const group = groupOf([1, 2, 6]);
    const { sequences, advantages, references } = await lessonsOf([group], reference, SETTINGS, noTurn);
    assert.deepEqual(advantages.get(group), [-2, -1, 3]);
    assert.deepEqual(references.get(group.completions[1]), logProbs[1]);
    assert.deepEqual(
      sequences.map(({ tokens }) => tokens),
      TOKENS,
    );
    assert.deepEqual(
      sequences.map((sequence) => sequence.reference),
      logProbs,
    );
  });

  it('takes the divergence of whole completions off their rewards', async () => {
    // Strayed by 1 nat in each of 3 tokens: 0.1 · 3 less than its equal siblings, so −0.2, +0.1, +0.1.
    assert.deepEqual(await advantagesIn(groupOf([1, 1, 1], [1, 0, 0]), { klInReward: 0.1 }), [-0.2, 0.1, 0.1]);
  });

  it('does not learn from completions that were cut, though they count in their group', async () => {
    assert.deepEqual(await advantagesIn(groupOf([1, 2, 6]), { maskTruncated: true }), [-2, -1]);
  });

  it('leaves failed searches out', async () => {
    assert.deepEqual(await advantagesIn(groupOf([1, null, 3])), [-1, 1]);
  });
});
