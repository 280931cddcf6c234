import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { openTask } from '../../../src/data/open-task.ts';
import { SPLITS, type Task } from '../../../src/data/task.ts';
import { refuses } from '../../fixtures/data-folder.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const fixture = join(packageRoot(), 'test/fixtures/esci');
const EXAMPLES = 'shopping_queries_dataset_examples.parquet';
const PRODUCTS = 'shopping_queries_dataset_products.parquet';

function judged({ examples }: Task): object {
  const all = SPLITS.flatMap((split) => examples[split].map(({ id, query, relevant }) => [id, { query, relevant }]));
  return Object.fromEntries(all) as object;
}

function copyOfFixture(test: TestContext): string {
  const dir = temporaryFolder(test);
  for (const name of [EXAMPLES, PRODUCTS]) copyFileSync(join(fixture, name), join(dir, name));
  return dir;
}

describe('openTask on ESCI', () => {
  it('reads the products of the locale without markup, and of two rows with one id the first', async () => {
    const { documents } = await openTask(fixture);
    assert.deepEqual(documents, [
      { id: 'P1', title: 'Cast iron pan', text: 'Heavy & black , 12" wide.\noven safe no coating\nFerro\nBlack' },
      { id: 'P2', title: 'Glass lid', text: 'fits 12 inch pans\nFerro' },
      { id: 'P3', title: 'Wok', text: '' },
      { id: 'P4', title: 'Kettle – 1 L', text: 'Café style, € plug, 3 < 5\nAgua\nRed' },
    ]);
  });

  it('takes Exact of the small version alone as relevant, as the paper does, and says what it left out', async () => {
    const task = await openTask(fixture);
    assert.deepEqual(judged(task), {
      1: { query: 'heavy pan', relevant: new Map([['P1', 1]]) },
      2: { query: 'cover for my pan', relevant: new Map([['P2', 1]]) },
    });
    assert.deepEqual(task.examples.test.map(({ id }) => id), ['2']); // prettier-ignore
    assert.deepEqual(task.notes.slice(0, 3), [
      'Documents left out because an earlier one has their id: 1.',
      'Products left out because they are of other locales: 3 (es 2, jp 1).',
      'Judgments left out: 7 (label S 2, label C 1, label I 1, not in the small version 1, locale es 1, locale jp 1).',
    ]);
    const text = task.notes.join(' ');
    assert.match(text, /their document is not in the corpus: 1\..*1 of 3 queries have no relevant document/);
  });

  it('grades labels as it is told, in the large version', async () => {
    const task = await openTask(fixture, { grades: { Exact: 3, S: 2, C: 1, I: 0 }, size: 'large' });
    assert.deepEqual(judged(task), {
      1: { query: 'heavy pan', relevant: new Map([['P1', 3], ['P3', 2], ['P2', 1]]) }, // prettier-ignore
      2: { query: 'cover for my pan', relevant: new Map([['P2', 3]]) },
      3: { query: 'boil water', relevant: new Map([['P4', 2]]) },
      4: { query: 'stir fry', relevant: new Map([['P3', 3]]) },
    });
  });

  it('reads Spanish and Japanese', async () => {
    const es = await openTask(fixture, { locale: 'es' });
    assert.equal(es.documents[0].text, 'Ideal para paella\nFerro\nNegro');
    const jp = await openTask(fixture, { locale: 'jp' });
    assert.deepEqual(jp.documents, [{ id: 'P6', title: '鉄フライパン', text: '重い 鉄\nオーブン可\nフェロ\n黒' }]);
    assert.equal(jp.examples.test[0].query, 'フライパン');
  });

  it('names what is wrong', async (test) => {
    await refuses(fixture, /there is no product of the locale "uk"; there are es, jp, us/, { locale: 'uk' });
    await refuses(fixture, /--grades: "X" is no label; they are E, S, C and I/, { grades: { X: 1 } });
    await refuses(fixture, /is read as esci, to which setting means nothing/, { setting: 'inductive' });
    const dir = copyOfFixture(test);
    const products = join(dir, PRODUCTS);
    const whole = readFileSync(products);
    writeFileSync(products, whole.subarray(0, whole.length - 100));
    await refuses(dir, /products\.parquet is cut short: its end is missing; copy it again/);
    writeFileSync(products, Buffer.concat([whole.subarray(0, 400), whole.subarray(700)]));
    await refuses(dir, /products\.parquet (cannot be decoded|is cut short)/);
    writeFileSync(products, 'product_id,product_title\nP1,Pan\n');
    await refuses(dir, /products\.parquet is no parquet file: it begins with "product_id,p"/);
    writeFileSync(products, 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
    await refuses(dir, /products\.parquet is a pointer of Git LFS.*git lfs pull/);
    writeFileSync(products, '');
    await refuses(dir, /products\.parquet is no parquet file: it begins with ""/);
    copyFileSync(join(fixture, EXAMPLES), products);
    await refuses(dir, /products\.parquet has no column "product_title"; it has example_id, query, /);
    writeFileSync(products, whole);
    copyFileSync(join(fixture, PRODUCTS), join(dir, EXAMPLES));
    await refuses(dir, /examples\.parquet has no column "query_id"/);
  });

  it('says which of its two files is missing', async (test) => {
    const dir = temporaryFolder(test);
    copyFileSync(join(fixture, EXAMPLES), join(dir, EXAMPLES));
    await refuses(dir, /shopping_queries_dataset_products\.parquet does not exist/);
  });
});
