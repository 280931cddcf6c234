import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Example } from '../../../src/data/task.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { disposePolicy, type Policy } from '../../../src/model/policy.ts';
import type { Retriever } from '../../../src/retrieval/retriever.ts';
import { sampleGroups, type SamplingSettings, type ScoredGroup, taught } from '../../../src/rl/scored-groups.ts';
import { StepClock } from '../../../src/rl/step-clock.ts';
import { enginesUnderTest } from '../../fixtures/engines.ts';
import { tinyPolicy } from '../../fixtures/tiny-policy.ts';

const example = (id: string): Example => ({ id, query: id, relevant: new Map([['d', 1]]) });
const noSearch: Retriever = {
  name: 'none',
  search: (queries) => Promise.resolve(queries.map(() => assert.fail('nothing to search for'))),
};

describe('sampleGroups', () => {
  let policy: Policy;
  before(async () => {
    await selectBackend(enginesUnderTest('embedded')[0]);
    policy = tinyPolicy();
  });
  after(() => {
    disposePolicy(policy);
  });

  // Random weights write no tags, so each group's rewards are equal: the malformed one.
  const sample = (
    changes: Partial<SamplingSettings>,
    spares: (attempt: number) => readonly Example[] = () => [],
  ): Promise<ScoredGroup[]> =>
    sampleGroups(
      { policy, retriever: noSearch, turn: () => Promise.resolve(), clock: new StepClock(() => 0) },
      ['a', 'b'].map(example),
      settings(changes),
      { seed: 1, step: 1 },
      spares,
    );
  const settings = (changes: Partial<SamplingSettings>): SamplingSettings => ({
    rollout: {
      promptStyle: 'plain',
      maxPromptTokens: 20,
      groupSize: 2,
      maxNewTokens: 3,
      temperature: 1,
    },
    reward: { k: 10, malformed: -2, miss: 0, format: 0.1 },
    equalGroups: 'keep',
    resampleTries: 2,
    ...changes,
  });
  const ids = (groups: readonly ScoredGroup[]): string[] => groups.map((group) => group.example.id);

  it('samples other queries in place of those without a signal, as often as is allowed and never one twice', async () => {
    const asked: number[] = [];
    const groups = await sample({ equalGroups: 'resample' }, (attempt) => {
      asked.push(attempt);
      return ['b', `c${attempt}`, `c${attempt}`, `d${attempt}`, `e${attempt}`].map(example);
    });
    assert.deepEqual(asked, [1, 2]);
    assert.deepEqual(ids(groups), ['a', 'b', 'c1', 'd1', 'c2', 'd2']);
    assert.deepEqual(taught(groups, settings({ equalGroups: 'resample' })), []);
  });

  it('asks for no other query unless it is told to', async () => {
    const never = (): never => assert.fail('asked for another query');
    for (const equalGroups of ['keep', 'drop'] as const) {
      assert.deepEqual(ids(await sample({ equalGroups }, never)), ['a', 'b']);
    }
  });

  it('gives up when there are no other queries', async () => {
    assert.deepEqual(ids(await sample({ equalGroups: 'resample' })), ['a', 'b']);
  });

  it('teaches all groups, or those that differ', async () => {
    const groups = await sample({});
    const [first, second] = groups;
    const differing = { ...second, scored: [{ ...second.scored[0], reward: 1 }, second.scored[1]] };
    assert.equal(taught([first, differing], settings({})).length, 2);
    assert.deepEqual(taught([first, differing], settings({ equalGroups: 'drop' })), [differing]);
  });
});
