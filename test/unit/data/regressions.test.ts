import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { failureLines, NEEDS, parseRegressions } from '../../../src/data/regressions.ts';
import { regressionPlaces } from '../../../src/extension/regression-places.ts';

const FILE = `{
  "k": 5,
  "tests": [
    { "query": "warm hat", "documents": ["P1", "P2"] },
    {
      "name": "socks",
      "query": "{not a bracket]",
      "documents": ["P3"], "k": 20, "need": "any"
    }
  ]
}`;

describe('a file of regressions', () => {
  it('holds tests, whose name is the query and whose cut-off the file’s unless they say otherwise', () => {
    assert.deepEqual(parseRegressions(FILE, 'f'), [
      { name: 'warm hat', query: 'warm hat', documents: ['P1', 'P2'], k: 5, need: 'all' },
      { name: 'socks', query: '{not a bracket]', documents: ['P3'], k: 20, need: 'any' },
    ]);
    assert.equal(parseRegressions('{"tests": [{"query": "a", "documents": ["b"]}]}', 'f')[0].k, 10);
  });

  it('says in one sentence what is wrong and where', () => {
    const wrong = (text: string, message: RegExp): void => {
      assert.throws(() => parseRegressions(text, 'f.json'), { name: 'UserError', message });
    };
    wrong('{', /^f\.json is not JSON: /);
    wrong('[]', /^f\.json must be a JSON object/);
    wrong('{}', /^f\.json: "tests" is missing/);
    wrong('{"tests": []}', /^f\.json: "tests" must be a list of at least 1/);
    wrong(
      '{"tests": [{"query": "a", "documents": ["b"]}, {"query": "a"}]}',
      /^f\.json, test 2: "documents" is missing/,
    );
    wrong('{"tests": [{"query": "a", "documents": ["b"], "K": 3}]}', /there is no option "K"/);
    wrong('{"tests": [{"query": "a", "documents": ["b"], "need": "some"}]}', /"need" must be one of all, any/);
  });

  it('has each test where its object begins', () => {
    assert.deepEqual(regressionPlaces(FILE), [
      { line: 3, character: 4 },
      { line: 4, character: 4 },
    ]);
    assert.deepEqual(regressionPlaces('{"k": 1}'), []);
    assert.deepEqual(regressionPlaces('['), []);
  });

  it('has a schema with the same fields', () => {
    const schema = JSON.parse(readFileSync(join(packageRoot(), 'media/regressions.schema.json'), 'utf8')) as {
      readonly properties: {
        readonly tests: { readonly items: { readonly properties: Record<string, { readonly enum?: string[] }> } };
      };
    };
    const { properties } = schema.properties.tests.items;
    assert.deepEqual(Object.keys(properties).sort(), ['documents', 'k', 'name', 'need', 'query']);
    assert.deepEqual(properties.need.enum, [...NEEDS]);
  });

  it('says of a failed test what is missed and what was found instead', () => {
    const result = {
      test: { k: 5, need: 'all' as const },
      rewrite: 'hat',
      format: 'ok',
      found: [
        { id: 'P1', rank: 2 },
        { id: 'P2', rank: 12 },
        { id: 'P3', rank: null },
      ],
      hits: [
        { id: 'P9', title: 'Cap' },
        { id: 'P1', title: 'Hat' },
      ],
    };
    assert.deepEqual(failureLines(result), [
      'All of 3 must be in the first 5, but P2 is at 12, P3 is not found.',
      ' 1. P9  Cap',
      ' 2. P1  Hat',
    ]);
    assert.deepEqual(failureLines({ ...result, rewrite: null, format: 'tags' }), [
      'The answer is malformed (tags), so nothing was searched.',
    ]);
  });
});
