import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { openTask } from '../../../src/data/open-task.ts';
import { SPLITS, type Example, type Split } from '../../../src/data/task.ts';
import { analyze } from '../../../src/retrieval/analysis/analyzer.ts';
import { buildBm25Index, searchBm25 } from '../../../src/retrieval/bm25/bm25.ts';
import { ndcgAt } from '../../../src/retrieval/metrics.ts';
import { ATTRIBUTES } from '../../../src/tools/sample/attributes.ts';
import { CATEGORIES } from '../../../src/tools/sample/catalogue.ts';
import { makeSampleFiles } from '../../../src/tools/sample/files.ts';

const folder = join(packageRoot(), 'media/sample');
const task = await openTask(folder);
const index = buildBm25Index(task.documents);
const rewrites = new Map(
  readFileSync(join(folder, 'oracle.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): [string, string] => {
      const { _id, rewrite } = JSON.parse(line) as { _id: string; rewrite: string };
      return [_id, rewrite];
    }),
);

function meanNdcg(split: Split, searched: (example: Example) => string): number {
  const scores = task.examples[split].map((example) => {
    const ids = searchBm25(index, searched(example), 10).map(({ id }) => id);
    return ndcgAt(ids, example.relevant, 10);
  });
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

const raw = ({ query }: Example): string => query;
const oracle = ({ id }: Example): string => rewrites.get(id)!;

describe('the sample task', () => {
  it('is what the script makes, byte for byte', () => {
    for (const [path, content] of makeSampleFiles().contents) {
      assert.ok(readFileSync(join(folder, path), 'utf8') === content, `${path}: run node src/tools/make-sample.ts`);
    }
  });

  it('has enough products and queries', () => {
    assert.ok(task.documents.length >= 2400);
    assert.ok(task.examples.train.length >= 500);
    assert.ok(task.examples.validation.length >= 100);
    assert.ok(task.examples.test.length >= 200);
  });

  it('is plain ASCII and small enough to ship', () => {
    for (const content of makeSampleFiles().contents.values()) assert.match(content, /^[\n\t\x20-\x7e]*$/);
    assert.ok(readFileSync(join(folder, 'corpus.jsonl')).length < 2_000_000);
  });

  it('asks nothing twice, within a split or across splits', () => {
    const queries = SPLITS.flatMap((split) => task.examples[split].map(raw));
    assert.equal(new Set(queries).size, queries.length);
  });

  it('has a product of grade 3 for every query, and no grade but 1 to 3', () => {
    for (const { id, relevant } of SPLITS.flatMap((split) => task.examples[split])) {
      assert.ok([...relevant.values()].includes(3), id);
      assert.ok(
        [...relevant.values()].every((grade) => [1, 2, 3].includes(grade)),
        id,
      );
    }
  });

  it('judges products that exist', () => {
    const ids = new Set(task.documents.map(({ id }) => id));
    for (const { relevant } of SPLITS.flatMap((split) => task.examples[split])) {
      for (const id of relevant.keys()) assert.ok(ids.has(id), id);
    }
  });

  it('leaves BM25 room with raw queries and lets an oracle reach 0.9', () => {
    const found = meanNdcg('test', raw);
    assert.ok(found > 0.25 && found < 0.4, `raw ${found}`);
    assert.ok(meanNdcg('test', oracle) >= 0.9);
    assert.ok(meanNdcg('validation', oracle) >= 0.9);
  });

  it('asks at test time for combinations that training never had', () => {
    const trained = new Set(task.examples.train.map(oracle));
    const unseen = task.examples.test.filter((example) => !trained.has(oracle(example)));
    assert.ok(unseen.length / task.examples.test.length >= 0.4);
  });

  it('pays a partly right rewrite partly', () => {
    const { ndcg } = makeSampleFiles().figures;
    const ladder = ['raw query', 'last word of the type', 'type words', 'type words + one attribute', 'oracle'];
    const scores = ladder.map((name) => ndcg[name].test);
    assert.deepEqual(
      scores,
      scores.toSorted((a, b) => a - b),
    );
  });

  it("says types and attributes in words that are not the seller's", () => {
    const sharesWords = (asked: string, sold: string): boolean => {
      const words = new Set(analyze(sold));
      return analyze(asked).some((word) => words.has(word));
    };
    for (const { name, asks, troubles } of CATEGORIES.flatMap(({ types }) => types)) {
      for (const asked of [...asks, ...troubles]) assert.ok(!sharesWords(asked, name), `${name}: ${asked}`);
    }
    // There is no other word for blue: colours are asked for as another shade.
    const attributes = Object.values(ATTRIBUTES).filter(({ facet }) => facet !== 'colour');
    for (const { term, asks } of attributes) {
      for (const asked of asks) assert.ok(!sharesWords(asked, term), `${term}: ${asked}`);
    }
  });

  it('makes another sample from another seed', () => {
    const [ours, other] = [makeSampleFiles(), makeSampleFiles(8)];
    assert.notEqual(ours.contents.get('corpus.jsonl'), other.contents.get('corpus.jsonl'));
    assert.notEqual(ours.contents.get('queries.jsonl'), other.contents.get('queries.jsonl'));
  });
});
