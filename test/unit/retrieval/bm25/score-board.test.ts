import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Rng, rngFrom } from '../../../../src/base/rng.ts';
import { ScoreBoard } from '../../../../src/retrieval/bm25/score-board.ts';

/** Sums so close together that most are rounded to the same few scores, up as well as down. */
function closeSum(rng: Rng): number {
  const [score, unit] = [8 + rng.below(3), 2 ** -20];
  return rng.below(4) === 0 ? 0 : score + (rng.below(9) - 4) * (unit / 4);
}

/** Puts sums on a board, each as two scores where it is no float32. */
function fill(board: ScoreBoard, sums: Float64Array, postings: number): void {
  const documents = Uint32Array.from(sums.keys()).filter((document) => sums[document] > 0);
  const heads = Float32Array.from(documents, (document) => Math.floor(sums[document]));
  const rests = Float32Array.from(documents, (document) => sums[document] - Math.floor(sums[document]));
  board.begin(postings);
  board.add(documents, heads, 0, documents.length, 1);
  board.add(documents, rests, 0, documents.length, 1);
}

describe('ScoreBoard', () => {
  it('takes the best and their ranks as a full sort would, where rounding makes ties', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const rng = rngFrom(seed, 'board');
      const sums = Float64Array.from({ length: rng.below(600) }, () => closeSum(rng));
      const sorted = [...sums.keys()]
        .filter((document) => sums[document] > 0)
        .sort((a, b) => Math.fround(sums[b]) - Math.fround(sums[a]) || a - b);
      const board = new ScoreBoard(sums.length);
      for (const postings of [0, Infinity]) {
        // listed documents, and all looked through
        for (const limit of [0, 1, 10, 50, 1000]) {
          fill(board, sums, postings);
          const best = board.takeBest(limit);
          assert.deepEqual([...best.documents], sorted.slice(0, limit), `seed ${seed}, limit ${limit}`);
          assert.deepEqual([...best.scores], sorted.slice(0, limit).map((document) => Math.fround(sums[document]))); // prettier-ignore
          fill(board, sums, postings);
          const { ranks, best: shown, length } = board.takeStandings([...sums.keys()], [], limit, 10);
          assert.deepEqual(ranks, [...sums.keys()].map((document) => (sorted.indexOf(document) + 1 > limit ? 0 : sorted.indexOf(document) + 1))); // prettier-ignore
          assert.deepEqual([shown, length], [sorted.slice(0, Math.min(limit, 10)), Math.min(limit, sorted.length)]);
        }
      }
    }
  });
});
