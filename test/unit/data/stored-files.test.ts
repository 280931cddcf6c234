import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { openPostings } from '../../../src/app/index-cache.ts';
import { filesUnder, keptFiles, sizeText } from '../../../src/data/stored-files.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

describe('files on the disk', () => {
  it('of the cache say what they were made of, as far as they are ours', async (test) => {
    const cache = temporaryFolder(test);
    const documents = ['warm hat', 'wool sock'].map((title, i) => ({ id: String(i), title, text: '' }));
    await openPostings({ documents, dir: '/tasks/shop' }, { folder: join(cache, 'indexes'), minCharacters: 0 });
    mkdirSync(join(cache, 'vectors'));
    writeFileSync(join(cache, 'vectors', 'foreign'), 'not ours at all, and long enough');
    writeFileSync(join(cache, 'vectors', 'short'), 'x');
    writeFileSync(
      join(cache, 'vectors', 'damaged'),
      Buffer.concat([Buffer.from('RECR1VEC'), Buffer.alloc(8), Buffer.from('{')]),
    );
    mkdirSync(join(cache, 'native'));
    writeFileSync(join(cache, 'native', 'package.json'), '{}'); // an engine that was installed
    const kept = keptFiles(cache);
    assert.equal(kept.length, 4);
    const index = kept.find(({ kind }) => kind === 'indexes')!;
    assert.deepEqual([index.source, index.documents], ['shop', 2]);
    assert.ok(index.sizeBytes > 50);
    const others = kept.filter(({ kind }) => kind === 'vectors');
    assert.deepEqual(others.map(({ path }) => basename(path)).sort(), ['damaged', 'foreign', 'short']);
    for (const { source, documents: count } of others) assert.deepEqual([source, count], [undefined, undefined]);
  });

  it('are none where there is no cache folder', () => {
    assert.deepEqual(keptFiles('/no/such/folder'), []);
  });

  it('of a task are listed with those in its folders', (test) => {
    const dir = temporaryFolder(test);
    mkdirSync(join(dir, 'qrels'));
    writeFileSync(join(dir, 'corpus.jsonl'), '{}\n');
    writeFileSync(join(dir, 'qrels', 'test.tsv'), '12345');
    assert.deepEqual(
      filesUnder(dir).map(({ path, sizeBytes }) => [path.slice(dir.length + 1), sizeBytes]),
      [
        ['corpus.jsonl', 3],
        [join('qrels', 'test.tsv'), 5],
      ],
    );
  });

  it('have sizes in decimal units', () => {
    assert.deepEqual(
      [0, 999, 1000, 12_345, 999_999, 3_400_000, 2.5e12, 7e15].map((bytes) => sizeText(bytes)),
      ['0 B', '999 B', '1.0 kB', '12 kB', '1000 kB', '3.4 MB', '2.5 TB', '7000 TB'],
    );
  });
});
