import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { DenseSpec } from '../../../src/app/dense-spec.ts';
import { type OpenDenseOptions, openDense } from '../../../src/app/open-dense.ts';
import type { Document } from '../../../src/data/task.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { TINY_ENCODER } from '../../golden/dense/golden-vectors.ts';

const SHOP: readonly Document[] = [
  { id: 'b', title: '', text: 'wireless mouse' },
  { id: 'a', title: 'running shoes', text: 'for men' },
  { id: 'c', title: '', text: '' },
];
const SPEC: DenseSpec = { kind: 'dense', encoder: TINY_ENCODER };

/** Opens, searches and closes; says how many documents were encoded. */
async function open(
  documents: readonly Document[],
  spec: DenseSpec,
  options: OpenDenseOptions,
): Promise<{ encoded: number; ids: readonly string[] }> {
  let encoded = 0;
  const onProgress = ({ done, total }: { done: number; total: number }): void => {
    assert.equal(total, documents.length);
    encoded = done;
  };
  const retriever = await openDense(documents, spec, { onProgress, ...options });
  const [outcome] = await retriever.search(['running shoes\nfor men'], 10);
  await retriever.dispose?.();
  assert.ok(outcome.kind === 'hits');
  return { encoded, ids: outcome.hits.map(({ id }) => id) };
}

describe('a dense recommender of a task', () => {
  it('encodes its documents once, whatever their order, and again when one changes or the encoder is used otherwise', async (test) => {
    const cacheDir = temporaryFolder(test);
    const first = await open(SHOP, SPEC, { cacheDir });
    assert.deepEqual([first.encoded, first.ids[0], first.ids.length], [3, 'a', 3]);
    assert.deepEqual(await open(SHOP.toReversed(), SPEC, { cacheDir }), { ...first, encoded: 0 });
    assert.equal((await open(SHOP, { ...SPEC, queryPrefix: 'query: ' }, { cacheDir })).encoded, 0);
    const changed = SHOP.map((document) => (document.id === 'c' ? { ...document, text: 'lamp' } : document));
    assert.equal((await open(changed, SPEC, { cacheDir })).encoded, 3);
    assert.equal((await open(SHOP, { ...SPEC, vectors: 'int8' }, { cacheDir })).encoded, 3);
    assert.equal((await open(SHOP, { ...SPEC, documentPrefix: 'd: ' }, { cacheDir })).encoded, 3);
    assert.equal(readdirSync(cacheDir).length, 4);
  });

  it('makes damaged vectors anew and says so', async (test) => {
    const cacheDir = temporaryFolder(test);
    const { ids } = await open(SHOP, SPEC, { cacheDir });
    truncateSync(join(cacheDir, readdirSync(cacheDir)[0]), 100);
    const warned = once(process, 'warning') as Promise<[Error]>;
    assert.deepEqual(await open(SHOP, SPEC, { cacheDir }), { encoded: 3, ids });
    assert.match((await warned)[0].message, /made anew, because: .* is damaged or cut short/);
  });

  it('leaves nothing behind when it is stopped while it encodes', async (test) => {
    const cacheDir = temporaryFolder(test);
    const stop = new AbortController();
    const onProgress = (): void => {
      stop.abort();
    };
    await assert.rejects(openDense(SHOP, SPEC, { cacheDir, signal: stop.signal, onProgress }), { name: 'AbortError' });
    assert.deepEqual(readdirSync(cacheDir), []);
  });

  it('says what to do when vectors cannot be kept', async (test) => {
    const cacheDir = join(temporaryFolder(test), 'file');
    writeFileSync(cacheDir, '');
    await assert.rejects(openDense(SHOP, SPEC, { cacheDir }), /Vectors cannot be kept in .*file \(.*\); name another folder in the environment as REC_R1_CACHE\.$/); // prettier-ignore
  });
});
