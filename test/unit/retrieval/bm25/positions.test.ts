import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readIndexFile, writeIndexFile } from '../../../../src/retrieval/bm25/index-file.ts';
import { PositionCursor } from '../../../../src/retrieval/bm25/positions.ts';
import { countPostings, type Postings } from '../../../../src/retrieval/bm25/postings.ts';
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts';
import { hostileCorpus } from '../../../golden/hostile.ts';

const CORPUS = [
  { id: 'b', title: '', text: 'the state of the art, state by state' },
  { id: 'a', title: 'art', text: 'state' },
];
const SOURCE = { path: 'corpus.jsonl', sizeBytes: 1, modifiedMillis: 2, sha256: '00' };

function positionsOf(postings: Postings, word: string, skipped = 0): number[][] {
  const term = postings.terms.get(word)!;
  const cursor = new PositionCursor(postings, postings.positions!, term);
  const count = postings.offsets[term + 1] - postings.offsets[term];
  return Array.from({ length: count - skipped }, (_, i) => [...cursor.read(postings.offsets[term] + skipped + i)]);
}

describe('positions', () => {
  it('count words from 0, stop words included, document after document', () => {
    const postings = countPostings(CORPUS, { positions: true });
    assert.deepEqual(positionsOf(postings, 'state'), [[1], [1, 5, 7]]);
    assert.deepEqual(positionsOf(postings, 'art'), [[0], [4]]);
    assert.deepEqual(positionsOf(postings, 'state', 1), [[1, 5, 7]]);
  });

  it('are not kept unless asked for, and change nothing else', () => {
    const { positions, ...others } = countPostings(CORPUS, { positions: true });
    assert.notEqual(positions, undefined);
    assert.deepEqual(countPostings(CORPUS), others);
  });

  it('come back from an index file as they were', async (test) => {
    const file = join(temporaryFolder(test), 'index');
    for (const positions of [true, false]) {
      const postings = countPostings(hostileCorpus(), { positions });
      await writeIndexFile(file, postings, SOURCE);
      const read = (await readIndexFile(file)).postings;
      assert.deepEqual(read.positions?.starts, postings.positions?.starts);
      assert.ok(Buffer.from(read.positions?.bytes ?? []).equals(Buffer.from(postings.positions?.bytes ?? [])));
    }
  });
});
