import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { shuffled, rngFrom } from '../../../../src/base/rng.ts';
import { readIndexFile, writeIndexFile } from '../../../../src/retrieval/bm25/index-file.ts';
import { countPostings } from '../../../../src/retrieval/bm25/postings.ts';
import { hostileCorpus } from '../../../golden/hostile.ts';
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts';

const SOURCE = { path: 'corpus.jsonl', sizeBytes: 1, modifiedMillis: 2, sha256: 'ab' };

describe('index file', () => {
  it('gives back what was written, with more ids than become one string at a time', async (test) => {
    const file = join(temporaryFolder(test), 'bm25.idx');
    const many = Array.from({ length: 70_000 }, (_, i) => ({ id: `"${i}"\n`, title: '', text: `word${i}` }));
    for (const documents of [[], hostileCorpus(), many]) {
      const postings = countPostings(documents);
      await writeIndexFile(file, postings, SOURCE);
      const read = await readIndexFile(file);
      assert.deepEqual(read.postings, postings);
      assert.deepEqual(read.source, SOURCE);
    }
  });

  it('says in one sentence what is wrong with a file', async (test) => {
    const file = join(temporaryFolder(test), 'bm25.idx');
    const refused = async (bytes: Uint8Array, reason: RegExp): Promise<void> => {
      writeFileSync(file, bytes);
      await assert.rejects(readIndexFile(file), { name: 'UserError', message: reason });
    };
    await assert.rejects(readIndexFile(file), { name: 'UserError', message: /There is no index/ });
    await writeIndexFile(file, countPostings(hostileCorpus()), SOURCE);
    const good = readFileSync(file);
    for (const place of [20, good.length >> 1, good.length - 1]) {
      const bad = Buffer.from(good);
      bad[place] ^= 1;
      await refused(bad, /damaged or cut short/);
    }
    for (const length of [48, 100, good.length - 1]) await refused(good.subarray(0, length), /damaged or cut short/);
    await refused(Buffer.concat([good, Buffer.alloc(1)]), /damaged or cut short/);
    await refused(good.subarray(0, 47), /is not an index/);
    await refused(Buffer.from('{"_id": "1"}\n'.repeat(9)), /is not an index/);
    const old = Buffer.from(good);
    old.writeUInt32LE(1, 8);
    await refused(old, /has format 1/);
  });
});

describe('countPostings', () => {
  it('gives the same documents and statistics in whatever order they come', () => {
    const documents = hostileCorpus();
    const inOrder = countPostings(documents);
    const mixed = countPostings(shuffled(documents, rngFrom(1, 'order')));
    const byTerm = ({ terms, offsets, documents: numbers, frequencies }: typeof inOrder): unknown =>
      Array.from(terms, ([term, t]) => [
        term,
        [...numbers.subarray(offsets[t], offsets[t + 1])],
        [...frequencies.subarray(offsets[t], offsets[t + 1])],
      ]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
    assert.deepEqual(byTerm(mixed), byTerm(inOrder));
    assert.deepEqual([mixed.ids, mixed.lengths, mixed.wordCount], [inOrder.ids, inOrder.lengths, inOrder.wordCount]);
  });
});
