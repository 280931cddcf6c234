import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { configFrom } from '../../../src/app/config.ts';
import { type Explainer, openExplainer } from '../../../src/app/explain.ts';
import type { ExplainedRank } from '../../../src/retrieval/explanation.ts';
import { createRun } from '../../../src/runs/store.ts';
import { dataFolder, jsonLines } from '../../fixtures/data-folder.ts';
import { serveLoopback } from '../../fixtures/loopback-server.ts';

/** A run on a shop of five things; `q1` wants the wok and the pan. */
async function explainerOf(test: TestContext, settings: Readonly<Record<string, string>> = {}): Promise<Explainer> {
  const row = (id: string, title: string, text: string): object => ({ _id: id, title, text });
  const dir = dataFolder(test, {
    'corpus.jsonl': jsonLines([
      row('pan', 'Frying pan', 'to fry in'),
      row('wok', 'Steel wok', 'to stir and fry'),
      row('lid', 'Lid', 'glass'),
      row('cup', 'Cup', 'to drink'),
      row('fry', 'Fry basket', 'fry fry fry'),
    ]),
    'queries.jsonl': jsonLines([{ _id: 'q1', text: 'fry' }]),
    'qrels/train.tsv': 'q1\twok\t2\nq1\tpan\t1\n',
  });
  const runDir = join(dir, 'run');
  const config = configFrom({ task: dir, ...settings }, 'test');
  createRun(runDir, { name: 'run', config, taskName: 'shop', taskDir: dir, totalSteps: 1, startedAt: 0 });
  const explainer = await openExplainer(runDir);
  test.after(() => explainer.dispose());
  return explainer;
}

const places = (documents: readonly ExplainedRank[]): string[] => documents.map(({ id, rank }) => `${id} ${rank}`);

describe('the explanation of a rewrite', () => {
  it('has both lists, and judged documents wherever they rank', async (test) => {
    const { explain } = await explainerOf(test);
    const { before, after, unreachable, retriever } = await explain({ original: 'fry', rewrite: 'steel lid', exampleId: 'q1', limit: 1 }); // prettier-ignore
    assert.equal(retriever, 'bm25(k1=1.2,b=0.75)');
    assert.deepEqual(places(before.documents).sort(), ['fry 1', 'lid null', 'pan 2', 'wok 3']);
    assert.deepEqual(places(after.documents), ['lid 1', 'wok 2', 'fry null', 'pan null']);
    assert.deepEqual(unreachable, []);
  });

  it('gives parts that add up to each score, and says which terms came and went', async (test) => {
    const { explain } = await explainerOf(test);
    const { before, after, terms, fields } = await explain({ original: 'fry', rewrite: 'steel fry' });
    for (const { score, parts } of [...before.documents, ...after.documents]) {
      assert.equal(Math.fround(parts.reduce((sum, part) => sum + part.score, 0)), Math.fround(score));
    }
    assert.deepEqual(
      terms.map(({ term, change }) => `${change} ${term}`),
      ['added steel', 'kept fry'],
    );
    const wok = after.documents.find(({ id }) => id === 'wok')!;
    assert.deepEqual(wok.parts.map(({ name }) => name).sort(), ['fry', 'steel']);
    assert.deepEqual(fields.wok, { title: 'Steel wok', text: 'to stir and fry' });
  });

  it('knows the fields of documents that the corpus has', async (test) => {
    const { fieldsOf } = await explainerOf(test);
    assert.deepEqual(fieldsOf(['lid', 'constructor']), { lid: { title: 'Lid', text: 'glass' } });
  });

  it('has lists without parts where the recommender is a server', async (test) => {
    const lists: Readonly<Record<string, readonly string[]>> = { fry: ['cup', 'wok'], steel: ['wok', 'elsewhere'] };
    const { url } = await serveLoopback(test, ({ body }, response) => {
      const { queries } = JSON.parse(body) as { readonly queries: readonly string[] };
      const results = queries.map((query) => ({ hits: lists[query].map((id, i) => ({ id, score: 9 - i })) }));
      response.end(JSON.stringify({ results }));
    });
    const { explain } = await explainerOf(test, { retriever: url });
    const { before, after, terms, fields } = await explain({ original: 'fry', rewrite: 'steel', exampleId: 'q1' });
    assert.deepEqual(places(before.documents).slice(0, 2), ['cup 1', 'wok 2']);
    assert.deepEqual(places(after.documents).slice(0, 2), ['wok 1', 'elsewhere 2']);
    assert.deepEqual([terms, before.documents[0].parts, Object.hasOwn(fields, 'elsewhere')], [[], [], false]);
  });
});
