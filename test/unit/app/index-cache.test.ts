import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openPostings } from '../../../src/app/index-cache.ts';
import { cacheFolder } from '../../../src/base/cache-folder.ts';
import type { Document } from '../../../src/data/task.ts';
import { countPostings, type Postings } from '../../../src/retrieval/bm25/postings.ts';
import { hostileCorpus } from '../../golden/hostile.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const DOCUMENTS = hostileCorpus();

function cache(test: TestContext): {
  readonly folder: string;
  readonly notes: string[];
  readonly open: (documents: readonly Document[], positions?: boolean) => Promise<Postings>;
  readonly files: () => string[];
} {
  const folder = join(temporaryFolder(test), 'not', 'yet', 'there');
  const notes: string[] = [];
  const note = (sentence: string): number => notes.push(sentence);
  return {
    folder,
    notes,
    open: (documents, positions = false) =>
      openPostings({ documents, dir: 'kitchen' }, { folder, minCharacters: 1, positions, note }),
    files: () => readdirSync(folder),
  };
}

describe('openPostings', () => {
  it('counts a corpus once and then reads what was counted', async (test) => {
    const { open, files, notes } = cache(test);
    const expected = countPostings(DOCUMENTS);
    assert.deepEqual(await open(DOCUMENTS), expected);
    assert.equal(files().length, 1);
    assert.deepEqual(await open(DOCUMENTS), expected);
    assert.equal(files().length, 1);
    assert.deepEqual(notes, []);
  });

  it('keeps another file for a corpus that changed in one letter, and for positions', async (test) => {
    const { open, files } = cache(test);
    await open(DOCUMENTS);
    const changed = DOCUMENTS.map((document, i) => (i === 0 ? { ...document, title: 'Zeppelin' } : document));
    assert.ok((await open(changed)).terms.has('zeppelin'));
    assert.ok((await open(DOCUMENTS, true)).positions);
    assert.equal(files().length, 3);
  });

  it('builds a damaged file again and says so', async (test) => {
    const { open, files, folder, notes } = cache(test);
    await open(DOCUMENTS);
    const file = join(folder, files()[0]);
    const good = readFileSync(file);
    writeFileSync(file, good.subarray(0, -5));
    assert.deepEqual(await open(DOCUMENTS), countPostings(DOCUMENTS));
    assert.match(notes.join(), /^The index kept for this corpus is built anew, because: .* is damaged or cut short/);
    assert.deepEqual(readFileSync(file), good);
  });

  it('goes on where nothing can be written, and says so', async (test) => {
    const { open, folder, notes } = cache(test);
    mkdirSync(join(folder, '..'), { recursive: true });
    writeFileSync(folder, 'a file where the folder should be');
    assert.deepEqual(await open(DOCUMENTS), countPostings(DOCUMENTS));
    assert.match(notes.join(), /^The index of kitchen cannot be kept in .* and will be built again next time/);
  });

  it('keeps no file for a small corpus, and deletes old ones', async (test) => {
    const { open, files, folder } = cache(test);
    const small = join(folder, 'small');
    await openPostings({ documents: DOCUMENTS, dir: '' }, { folder: small });
    assert.throws(() => readdirSync(small), { code: 'ENOENT' });
    await open(DOCUMENTS);
    const old = files()[0];
    utimesSync(join(folder, old), new Date(0), new Date(0));
    await open(DOCUMENTS.slice(1));
    assert.equal(files().length, 1);
    assert.notEqual(files()[0], old);
  });
});

describe('cacheFolder', () => {
  it('is what the user says, or where the platform keeps such files', () => {
    const home = join('/', 'home', 'ada');
    const at = (): string => home;
    assert.equal(cacheFolder({ REC_R1_CACHE: '/big/disk' }, 'linux', at), '/big/disk');
    assert.equal(cacheFolder({ XDG_CACHE_HOME: '/cache' }, 'linux', at), join('/cache', 'rec-r1'));
    assert.equal(cacheFolder({ XDG_CACHE_HOME: 'relative' }, 'linux', at), join(home, '.cache', 'rec-r1'));
    assert.equal(cacheFolder({}, 'darwin', at), join(home, 'Library', 'Caches', 'rec-r1'));
    assert.equal(cacheFolder({ LOCALAPPDATA: '/local' }, 'win32', at), join('/local', 'rec-r1'));
  });

  it('asks for no home folder where the user says another, for some in containers have none', () => {
    const none = (): never => assert.fail('There is none.');
    assert.equal(cacheFolder({ REC_R1_CACHE: '/big/disk' }, 'linux', none), '/big/disk');
    assert.equal(cacheFolder({ XDG_CACHE_HOME: '/cache' }, 'linux', none), join('/cache', 'rec-r1'));
  });
});
