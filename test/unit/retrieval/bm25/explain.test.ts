import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildBm25Index, searchBm25 } from '../../../../src/retrieval/bm25/bm25.ts';
import {
  type ChangedTerm,
  type Explanation,
  QueryExplainer,
  explainBm25,
  explainRewrite,
} from '../../../../src/retrieval/bm25/explain.ts';
import { SyntaxSearch } from '../../../../src/retrieval/syntax/lucene-syntax.ts';
import { hostileCorpus, hostileQueries } from '../../../golden/hostile.ts';
import { syntaxQueries } from '../../../golden/syntax-queries.ts';

const KITCHEN = [
  { id: 'd1', title: '', text: 'cast iron pan, heavy pan' },
  { id: 'd2', title: '', text: 'glass lid for a pan' },
  { id: 'd3', title: '', text: 'glass jar' },
];

describe('explainBm25', () => {
  it('has one part per shared term, the largest first', () => {
    const explained = explainBm25(buildBm25Index(KITCHEN), 'pans pan iron zeppelin', 'd1')!;
    assert.deepEqual(
      explained.terms.map(({ term, count, frequency, documentFrequency }) => [
        term,
        count,
        frequency,
        documentFrequency,
      ]),
      [
        ['pan', 2, 2, 2],
        ['iron', 1, 1, 1],
      ],
    );
    assert.ok(explained.terms[0].score > explained.terms[1].score);
  });

  it('adds up to exactly the score of the ranking, for every hit of hostile queries', () => {
    const index = buildBm25Index(hostileCorpus());
    for (const query of hostileQueries().slice(0, 120)) {
      for (const { id, score } of searchBm25(index, query, 20)) {
        const explained = explainBm25(index, query, id)!;
        assert.equal(explained.score, score);
        assert.equal(Math.fround(explained.terms.reduce((sum, term) => sum + term.score, 0)), score);
      }
    }
  });

  it('scores 0 where nothing matches, and knows no unknown document', () => {
    const index = buildBm25Index(KITCHEN);
    assert.deepEqual(explainBm25(index, 'pan', 'd3'), { id: 'd3', score: 0, terms: [] });
    assert.equal(explainBm25(index, 'pan', 'd9'), undefined);
  });
});

const rowOf = ({ term, change, before, after, documentFrequency }: ChangedTerm): unknown[] => [
  term,
  change,
  before,
  after,
  documentFrequency,
];

describe('explainRewrite', () => {
  it('says which terms were added, dropped and re-weighted, and whom they moved', () => {
    const index = buildBm25Index(KITCHEN);
    const { terms, documents } = explainRewrite(index, 'glass pan', 'pan pan jar zeppelin', ['d3', 'd2', 'd1', 'd9']);
    assert.deepEqual(terms.map(rowOf), [
      ['glass', 'dropped', 1, 0, 2],
      ['pan', 'reweighted', 1, 2, 2],
      ['jar', 'added', 0, 1, 1],
      ['zeppelin', 'added', 0, 1, 0],
    ]);
    const [d3, d2, d1] = documents;
    assert.deepEqual(documents.map(({ id }) => id), ['d3', 'd2', 'd1']); // prettier-ignore
    assert.deepEqual(d3.by.map(({ term, change }) => [term, change]), [['jar', 'added'], ['glass', 'dropped']]); // prettier-ignore
    assert.deepEqual([d2.rankBefore, d1.by.map(({ term }) => term)], [1, ['pan']]);
    for (const { by, scoreBefore, scoreAfter } of documents) {
      const change = by.reduce((sum, { score }) => sum + score, 0);
      assert.ok(Math.abs(change - (scoreAfter - scoreBefore)) < 1e-6);
    }
  });

  it('has no rank for a document that a query does not find', () => {
    const [document] = explainRewrite(buildBm25Index(KITCHEN), 'iron', 'jar', ['d1']).documents;
    assert.deepEqual([document.rankBefore, document.rankAfter, document.scoreAfter], [1, null, 0]);
  });
});

describe('explaining Lucene’s syntax', () => {
  const index = buildBm25Index(KITCHEN, undefined, { positions: true });
  const explain = (query: string, id: string): Explanation => explainBm25(index, query, id, 'lucene')!;

  it('has one part per clause: terms, phrases and patterns, with their boosts', () => {
    const { terms, score } = explain('"cast iron"^2 pan gl* -jar', 'd1');
    assert.deepEqual(
      terms.map(({ term, count, frequency, documentFrequency }) => [term, count, frequency, documentFrequency]),
      [
        ['"cast iron"', 2, 1, 1],
        ['pan', 1, 2, 2],
      ],
    );
    assert.equal(Math.fround(terms.reduce((sum, term) => sum + term.score, 0)), score);
    assert.deepEqual(explain('gl*^3', 'd3').terms, [
      { term: 'gl*', count: 3, frequency: 1, documentFrequency: 2, score: 3 },
    ]);
  });

  it('adds up to the score of the ranking, for every hit of hostile queries', () => {
    const hostile = buildBm25Index(hostileCorpus(), undefined, { positions: true });
    const search = new SyntaxSearch(hostile);
    const words = ['running', 'b', 'contents', 'generalization', '1', 'é'] as const;
    for (const query of syntaxQueries({ words, phrase: 'the running' }).filter((_, i) => i % 5 === 0)) {
      const explainer = new QueryExplainer(hostile, query, 'lucene');
      for (const { id, score } of search.search(query, 5).hits) {
        const { terms, score: explained } = explainer.explain(id)!;
        assert.equal(explained, score, query);
        const sum = terms.reduce((total, term) => total + term.score, 0);
        assert.ok(Math.abs(sum - score) <= 1e-6 * score, query);
      }
    }
  });

  it('counts nothing of a clause that does not match as a whole', () => {
    assert.deepEqual(explain('pan (+glass +heavy)', 'd2').terms.map(({ term }) => term), ['pan']); // prettier-ignore
  });

  it('names the clause that keeps a document out', () => {
    assert.deepEqual(explain('pan -"glass lid"', 'd2').excludedBy, { clause: '"glass lid"', rule: 'forbidden' });
    assert.deepEqual(explain('+pan +(iron jar)', 'd2').excludedBy, { clause: '(iron jar)', rule: 'required' });
    assert.deepEqual(explain('+glass +(+pan +jar)', 'd2').excludedBy, { clause: 'jar', rule: 'required' });
    assert.equal(explain('zeppelin', 'd2').excludedBy, undefined);
    assert.equal(explain('pan', 'd2').excludedBy, undefined);
  });

  it('says what a rewrite changed, clause by clause', () => {
    const { terms, documents } = explainRewrite(
      index,
      'glass pan',
      '+glass^2 -pan "glass jar"',
      ['d3', 'd2'],
      'lucene',
    );
    assert.deepEqual(terms.map(rowOf), [
      ['glass', 'reweighted', 1, 2, 2],
      ['pan', 'dropped', 1, 0, 2],
      ['-pan', 'added', 0, 1, 2],
      ['"glass jar"', 'added', 0, 1, 1],
    ]);
    const [d3, d2] = documents;
    assert.deepEqual([d3.rankBefore, d3.rankAfter, d3.by.map(({ term }) => term)], [3, 1, ['"glass jar"', 'glass']]);
    assert.deepEqual([d2.rankBefore, d2.rankAfter, d2.excludedBy], [1, null, { clause: 'pan', rule: 'forbidden' }]);
  });
});
