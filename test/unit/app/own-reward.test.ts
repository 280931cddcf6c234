import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type OpenReward, openOwnReward } from '../../../src/app/own-reward.ts';
import type { AnswerForOwnReward } from '../../../src/rl/reward.ts';
import { dataFolder } from '../../fixtures/data-folder.ts';

const asked = (rewrite: string): AnswerForOwnReward => ({
  example: { id: 'q1', query: 'quiet fan', relevant: new Map([['fan', 2]]) },
  rewrite,
  completion: `</think><answer>{"query": "${rewrite}"}</answer>`,
  ranking: { ranks: new Map([['fan', 3]]), top: ['a', 'b', 'fan'], length: 3 },
  terms: { format: 0.1, ndcg: 0.5 },
  reward: 0.6,
});

const moduleFile = (test: TestContext, source: string): string =>
  join(dataFolder(test, { 'reward.mjs': source }), 'reward.mjs');

async function open(test: TestContext, source: string, seconds = 5): Promise<OpenReward> {
  const opened = await openOwnReward(moduleFile(test, source), seconds);
  test.after(() => opened.dispose());
  return opened;
}

describe('openOwnReward', () => {
  it('calls the module with all that is known of an answer', async (test) => {
    const { reward } = await open(
      test,
      'export default async ({ rewrite, ranks, grades, top, terms, reward }) =>' +
        ' rewrite.length + ranks.fan * grades.fan + top.length + terms.ndcg + reward;',
    );
    assert.deepEqual(await reward([asked('ab'), asked('abcd')]), [2 + 6 + 3 + 0.5 + 0.6, 4 + 6 + 3 + 0.5 + 0.6]);
    assert.deepEqual(await reward([]), []);
  });

  it('makes an error of what throws and of what is no number, and goes on', async (test) => {
    const { reward } = await open(
      test,
      'export default ({ rewrite }) => { if (rewrite === "bad") throw new Error("I give up"); return rewrite === "nan" ? NaN : 1; };',
    );
    const [thrown, notANumber, fine] = await reward([asked('bad'), asked('nan'), asked('good')]);
    assert.match((thrown as { error: string }).error, /reward\.mjs failed: I give up\./);
    assert.match((notANumber as { error: string }).error, /it gave NaN and not a finite number/);
    assert.equal(fine, 1);
  });

  it('ends an answer that takes too long, and scores the others', async (test) => {
    const { reward } = await open(
      test,
      'export default ({ rewrite }) => { while (rewrite === "loop"); return 1; };',
      0.5,
    );
    const [before, late, after] = await reward([asked('a'), asked('loop'), asked('b')]);
    assert.deepEqual([before, after], [1, 1]);
    assert.match((late as { error: string }).error, /it took longer than 0\.5 s/);
    assert.deepEqual(await reward([asked('c')]), [1]);
  });

  it('survives a module that ends its thread', async (test) => {
    const { reward } = await open(test, 'export default ({ rewrite }) => rewrite === "exit" ? process.exit() : 1;');
    const [gone, after] = await reward([asked('exit'), asked('b')]);
    assert.match((gone as { error: string }).error, /it ended its thread/);
    assert.equal(after, 1);
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    ['export const reward = 1;', /it has no function as its default export/],
    ['throw new Error("not today");', /not today/],
    ['export default (', /cannot be used/],
    ['while (true);', /it took longer than 1 s/],
  ];
  for (const [source, message] of refused) {
    it(`refuses ${source}`, async (test) => {
      await assert.rejects(openOwnReward(moduleFile(test, source), 1), { name: 'UserError', message });
    });
  }
});
