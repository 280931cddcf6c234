/** @file Queries in Lucene's classic syntax against Lucene itself, to the last rank and the last bit of the score. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/base/package-root.ts';
import { buildBm25Index } from '../../src/retrieval/bm25/bm25.ts';
import { SyntaxSearch } from '../../src/retrieval/syntax/lucene-syntax.ts';
import { parseQuery } from '../../src/retrieval/syntax/query-syntax.ts';
import { sharedData } from '../fixtures/shared-data.ts';
import { answerOf } from './answer.ts';
import { GOLDEN_SETS, LIMIT, goldenDocuments, syntaxLine } from './retrieval-sets.ts';

const golden = JSON.parse(readFileSync(join(packageRoot(), 'test/golden/syntax.json'), 'utf8')) as Readonly<
  Record<string, readonly string[]>
>;
/** Queries of each set that Lucene takes and we search as plain words, as the header of query-syntax.ts says. */
const UNSUPPORTED: Readonly<Record<string, number>> = { cranfield: 64, 'amazon-beauty': 45, products: 46, hostile: 62 };

describe('The classic query syntax equals Lucene’s', () => {
  for (const set of GOLDEN_SETS.filter((set) => set.syntax)) {
    it(`on every query of ${set.name}: the same ones malformed, the others ranked the same with the same scores`, (test) => {
      const data = set.corpus === undefined ? '' : sharedData(test);
      if (data === undefined) return;
      const search = new SyntaxSearch(buildBm25Index(goldenDocuments(set, data), set.params, { positions: true }));
      const queries = set.syntax!(data);
      assert.equal(queries.length, golden[set.name].length);
      let unsupported = 0;
      queries.forEach((query, i) => {
        const parsed = parseQuery(query);
        const expected = golden[set.name][i];
        if (parsed.kind === 'unsupported') unsupported += Number(expected !== 'error');
        else if (parsed.kind === 'malformed') assert.equal(expected, 'error', `query ${i}: ${query.slice(0, 200)}`);
        else assert.equal(syntaxLine(answerOf(search.search(query, LIMIT).hits)), expected, `query ${i}: ${query.slice(0, 200)}`); // prettier-ignore
      });
      assert.equal(unsupported, UNSUPPORTED[set.name]);
    });
  }
});
