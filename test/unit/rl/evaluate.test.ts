import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import type { Example } from '../../../src/data/task.ts';
import { disposePolicy } from '../../../src/model/policy.ts';
import type { Retriever } from '../../../src/retrieval/retriever.ts';
import { type Answer, type Arm, policyArm } from '../../../src/rl/arms.ts';
import { evaluateArm, evaluateBaseline, type EvaluationFrame, evaluationMeans } from '../../../src/rl/evaluate.ts';
import { tinyPolicy } from '../../fixtures/tiny-policy.ts';

/** Finds the documents that the query names, in its order. */
const echo: Retriever = {
  name: 'echo',
  search: (queries, limit) =>
    Promise.resolve(
      queries.map((query) => ({
        kind: 'hits',
        hits: query
          .split(' ')
          .slice(0, limit)
          .map((id) => ({ id, score: 1 })),
      })),
    ),
};
const example = (id: string, more: Partial<Example> = {}): Example => ({
  id,
  query: 'x y a',
  relevant: new Map([
    ['a', 2],
    ['b', 1],
  ]),
  ...more,
});
const frame: EvaluationFrame = {
  retriever: echo,
  k: 3,
  samples: 0,
  turn: () => Promise.resolve(),
  now: () => 0,
};
const armOf = (answers: readonly Answer[]): Arm => ({ name: 'fake', answer: () => Promise.resolve(answers) });
const evaluate = async (arm: Arm, examples: readonly Example[], over: Partial<EvaluationFrame> = {}) =>
  evaluateArm(arm, examples, await evaluateBaseline(examples, echo, 3), { ...frame, ...over });

/** 2/log2(2) + 1/log2(3), what the ideal order of grades 2 and 1 has. */
const IDEAL = 2 + 1 / Math.log2(3);
const near = (actual: number, expected: number): void => {
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);
};

describe('an evaluation', () => {
  it('measures rewrites by what the recommender finds, rankings as they are, and malformed answers as nothing', async () => {
    const examples = ['1', '2', '3'].map((id) => example(id));
    const { rows } = await evaluate(
      armOf([
        { kind: 'rewrite', rewrite: 'b a x y' },
        { kind: 'ranking', ids: ['a', 'b', 'z'] },
        { kind: 'malformed', format: 'tags' },
      ]),
      examples,
    );
    near(rows[0].metrics['ndcg@3'], (1 + 2 / Math.log2(3)) / IDEAL);
    near(rows[1].metrics['ndcg@3'], 1);
    assert.deepEqual(
      rows.map(({ rewrite, format, top, metrics }) => [rewrite, format, top, metrics['recall@3']]),
      [
        ['b a x y', 'ok', ['b', 'a', 'x'], 1],
        [null, 'ok', ['a', 'b', 'z'], 1],
        [null, 'tags', [], 0],
      ],
    );
    near(rows[0].baseline['ndcg@3'], 2 / 2 / IDEAL); // "x y a": a at rank 3
    near(evaluationMeans(rows).metrics['format'], 2 / 3);
  });

  it('says which share of the shown documents nobody has judged, irrelevant ones being judged', async () => {
    const { rows } = await evaluate(
      armOf([
        { kind: 'rewrite', rewrite: 'a x y z' },
        { kind: 'rewrite', rewrite: 'a x y z' },
        { kind: 'malformed', format: 'tags' },
      ]),
      [example('1'), example('2', { irrelevant: ['x', 'z'] }), example('3')],
    );
    near(rows[0].metrics['unjudged@3'], 2 / 3);
    near(rows[1].metrics['unjudged@3'], 1 / 3);
    assert.equal(rows[2].metrics['unjudged@3'], 0);
  });

  it('counts relevant documents that the corpus lacks as missed, and says what the best ranking reaches', async () => {
    const absent = new Map([['c', 3]]);
    const { rows } = await evaluate(armOf([{ kind: 'rewrite', rewrite: 'a b' }]), [example('1', { absent })]);
    const ideal = 3 + 2 / Math.log2(3) + 1 / 2;
    near(rows[0].metrics['ndcg@3'], IDEAL / ideal);
    near(rows[0].metrics['recall@3'], 2 / 3);
    near(rows[0].metrics['ceiling@3'], IDEAL / ideal);
  });

  it('leaves what a shopper owns out of every ranking, also out of the best one', async () => {
    const owned = { history: ['a'] };
    const { rows } = await evaluate(
      armOf([
        { kind: 'rewrite', rewrite: 'a b x' },
        { kind: 'ranking', ids: ['a', 'b', 'x'] },
      ]),
      [example('1', owned), example('2', owned)],
    );
    for (const { top, metrics } of rows) {
      assert.deepEqual(top, ['b', 'x']);
      near(metrics['ndcg@3'], 1 / IDEAL);
      near(metrics['ceiling@3'], 1 / IDEAL);
    }
  });

  it('takes the order itself in re-ranking, and lets a ranking hold candidates alone', async () => {
    const candidates = ['x', 'b', 'a'].map((id) => ({ id, text: id }));
    const { rows } = await evaluate(
      armOf([
        { kind: 'rewrite', rewrite: 'Item_3, Item_2, Item_1' },
        { kind: 'ranking', ids: ['y', 'b', 'a'] },
      ]),
      [example('1', { candidates }), example('2', { candidates, relevant: new Map([['b', 1], ['q', 1]]) })], // prettier-ignore
    );
    near(rows[0].metrics['ndcg@3'], 1);
    near(rows[0].baseline['ndcg@3'], (1 / Math.log2(3) + 2 / 2) / IDEAL);
    assert.deepEqual(rows[1].top, ['b', 'a']);
    near(rows[1].metrics['ceiling@3'], 1 / (1 + 1 / Math.log2(3))); // q is no candidate
  });

  it('gives mean, best and worst of sampled answers beside the best answer', async () => {
    const samples: readonly Answer[] = [
      { kind: 'rewrite', rewrite: 'a b' },
      { kind: 'malformed', format: 'tags' },
      { kind: 'rewrite', rewrite: 'x' },
      { kind: 'rewrite', rewrite: 'a b' },
    ];
    const arm: Arm = {
      ...armOf([{ kind: 'rewrite', rewrite: 'x' }]),
      sample: (_, count) => Promise.resolve([samples.slice(0, count)]),
    };
    const { rows } = await evaluate(arm, [example('1')], { samples: 4 });
    const { metrics } = rows[0];
    assert.equal(metrics['ndcg@3'], 0);
    near(metrics['ndcg@3 mean@4'], 0.5);
    near(metrics['ndcg@3 best@4'], 1);
    assert.equal(metrics['ndcg@3 worst@4'], 0);
    near(metrics['recall@3 mean@4'], 0.5);
    assert.ok(!('ceiling@3 mean@4' in metrics));
  });

  it('adds up tokens and seconds, and searches with an arm’s own recommender', async () => {
    let clock = 0;
    const own: Retriever = {
      name: 'own',
      search: (queries) =>
        echo.search(
          queries.map(() => 'a b'),
          3,
        ),
    };
    const arm: Arm = {
      name: 'own',
      retriever: own,
      answer: (examples) => {
        clock += 500;
        return Promise.resolve(
          examples.map(() => ({ kind: 'rewrite', rewrite: 'nothing', readTokens: 7, writtenTokens: 2 })),
        );
      },
    };
    const { rows, cost } = await evaluate(arm, [example('1'), example('2')], { now: () => clock });
    assert.deepEqual(cost, { readTokens: 14, writtenTokens: 4, answerSeconds: 0.5, searchSeconds: 0 });
    for (const { metrics } of rows) near(metrics['ndcg@3'], 1);
  });

  it('ends with the example whose search failed: one with holes would not be comparable', async () => {
    const broken: Retriever = {
      name: 'broken',
      search: (queries) => Promise.resolve(queries.map(() => ({ kind: 'failed', message: 'timed out' }))),
    };
    await assert.rejects(
      evaluate(armOf([{ kind: 'rewrite', rewrite: 'a' }]), [example('q7')], { retriever: broken }),
      (error) => error instanceof UserError && /q7 failed: timed out/.test(error.message),
    );
  });
});

describe('a policy as an arm', () => {
  it('samples the same answers for the same seed, others for another, and counts its tokens', async (test) => {
    const policy = tinyPolicy();
    test.after(() => {
      disposePolicy(policy);
    });
    const rollout = {
      promptStyle: 'plain',
      maxPromptTokens: 40,
      temperature: 1,
      maxNewTokens: 5,
    } as const;
    const sampled = async (seed: number) => {
      const arm = policyArm('tiny', policy, rollout, seed);
      return (await arm.sample!([example('1')], 3, { k: 3, turn: () => Promise.resolve() }))[0];
    };
    const first = await sampled(1);
    assert.equal(first.length, 3);
    assert.deepEqual(await sampled(1), first);
    const [greedy] = await policyArm('tiny', policy, rollout, 1).answer([example('1')], frame);
    assert.equal(greedy.kind, 'malformed'); // random weights
    assert.equal(greedy.readTokens, 'x y a\n<think>'.length);
    assert.ok(greedy.writtenTokens! >= 1 && greedy.writtenTokens! <= 5);
  });
});
