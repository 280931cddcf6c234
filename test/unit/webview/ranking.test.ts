import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgedMoves, movesBetween } from '../../../webview/ranking.ts';

describe('moves between two lists', () => {
  it('tell for each document where it was and is, those that left last', () => {
    assert.deepEqual(movesBetween(['a', 'b', 'c'], ['b', 'x', 'c']), [
      { id: 'b', from: 2, to: 1, places: 1 },
      { id: 'x', from: null, to: 2, places: null },
      { id: 'c', from: 3, to: 3, places: 0 },
      { id: 'a', from: 1, to: null, places: null },
    ]);
    assert.deepEqual(movesBetween([], []), []);
  });

  it('that explain a score are those of judged documents, the best grade first, without those that stayed', () => {
    const moves = movesBetween(['a', 'b', 'stay'], ['b', 'new', 'stay']);
    const grades = { a: 1, new: 3, stay: 3 };
    assert.deepEqual(
      judgedMoves(moves, grades).map(({ id }) => id),
      ['new', 'a'],
    );
    assert.deepEqual(judgedMoves(movesBetween(['constructor'], []), {}), []);
  });
});
