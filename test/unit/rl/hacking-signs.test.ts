import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Example } from '../../../src/data/task.ts';
import { EMPTY_RANKING } from '../../../src/retrieval/judged.ts';
import { type HackingSigns, hackingSigns } from '../../../src/rl/hacking-signs.ts';
import type { ScoredRewrite } from '../../../src/rl/reward.ts';

const TITLES = new Map([
  ['d1', 'Aldra Trail-Running Shoe'],
  ['d2', 'Wool Sock'],
]);

interface Group {
  readonly example: Example;
  readonly scored: readonly ScoredRewrite[];
}

/** Rewrites with their rewards; null for a malformed answer. */
const group = (query: string, rewrites: readonly (readonly [string | null, number | null])[]): Group => ({
  example: {
    id: query,
    query,
    relevant: new Map([
      ['d1', 1],
      ['d2', 1],
    ]),
  },
  scored: rewrites.map(([rewrite, reward]) => ({
    parsed: rewrite === null ? { format: 'tags', rewrite } : { format: 'ok', rewrite },
    reward,
    terms: {},
    ranking: EMPTY_RANKING,
  })),
});
const signs = (...groups: readonly Group[]): HackingSigns => hackingSigns(groups, (id) => TITLES.get(id));
const close = (actual: number, expected: number): void => {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
};

describe('hackingSigns', () => {
  it('counts rewrites that hold a relevant title of three words or more in full, whatever its case and hyphens', () => {
    const rewrites = [
      ['cheap aldra trail running SHOE', 1],
      ['trail running shoe', 1],
      ['wool sock', 1],
      ['aldra trail running shoes', 1],
    ] as const;
    close(signs(group('jogging', rewrites)).copiedTitles, 1 / 4);
  });

  it('calls it no copy where the shopper typed the title', () => {
    close(signs(group('Aldra trail running shoe, red', [['aldra trail running shoe', 1]])).copiedTitles, 0);
  });

  it('measures words and repeated words of well-formed rewrites', () => {
    const { words, repeatedWords } = signs(group('q', [['red red Red shoe', 1], ['shoe', 1], [null, -2]])); // prettier-ignore
    close(words, 2.5);
    close(repeatedWords, 0.25); // two of four words, and none of one
  });

  it('counts the groups that share a rewrite with another query, but not with themselves', () => {
    const shared = signs(
      group('a', [['best shoe', 1], ['best shoe', 1]]), // prettier-ignore
      group('b', [['Best  shoe', 1], ['sock', 1]]), // prettier-ignore
      group('c', [['tent', 1], ['tent', 1]]), // prettier-ignore
      group('c', [['tent', 1]]),
    );
    close(shared.sharedRewrites, 0.5);
  });

  it('correlates words and reward inside the groups', () => {
    // Distances to the means: words −1, 1 and −1, 1; rewards −0.1, 0.1 and 0.2, −0.2. Covariance 0.2 − 0.4 = −0.2,
    // variances 4 and 0.1, so r = −0.2 / √0.4.
    const mixed = signs(
      group('a', [['x', 0.1], ['x y z', 0.3]]), // prettier-ignore
      group('b', [['x y', 0.9], ['x y z w', 0.5], ['failed search', null]]), // prettier-ignore
    );
    close(mixed.lengthReward, -0.2 / Math.sqrt(0.4));
    close(signs(group('a', [['x', 0], ['x y', 1]])).lengthReward, 1); // prettier-ignore
    close(signs(group('a', [['x', 0.5], ['x y', 0.5]])).lengthReward, 0); // prettier-ignore
  });

  it('is all zeros where nothing could be read', () => {
    const nothing = { copiedTitles: 0, repeatedWords: 0, words: 0, sharedRewrites: 0, lengthReward: 0 };
    assert.deepEqual(signs(group('a', [[null, -2]])), nothing);
    assert.deepEqual(signs(), nothing);
  });
});
