import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../../../src/base/errors.ts';
import { networkOptions, networkRetriever } from '../../../../src/retrieval/network/options.ts';

const read = (spec: unknown): unknown => JSON.parse(JSON.stringify(networkOptions(spec, 'shop.json', '/work')));

describe('networkOptions', () => {
  it('reads each kind, and a retriever comes of it', () => {
    const specs = [
      { kind: 'http', url: 'http://a/search', auth: { bearer: 'TOKEN' }, headers: { 'X-A': 'TENANT' }, batchSize: 1 },
      { kind: 'elasticsearch', url: 'http://a', index: 'i', fields: ['title^3', 'text'], type: 'most_fields' },
      { kind: 'opensearch', url: 'http://a', index: 'i', template: { query: { match: { t: '{{query}}' } } } },
      { kind: 'postgres', table: 'products', id: 'asin', fields: ['title^2'], match: 'websearch', normalization: 1 },
      { kind: 'postgres', connection: 'SHOP_DB', sql: 'SELECT id, score FROM find($1, $2)', concurrency: 2 },
      { kind: 'command', command: ['python3', 'search.py'], folder: 'tools', timeoutMillis: 5000 },
    ];
    const environment = { TOKEN: 't', TENANT: 't', SHOP_DB: 'postgres://me:pw@db/shop' };
    const names = specs.map((spec) => networkRetriever(networkOptions(spec, 'shop.json', '/work'), environment).name);
    assert.deepEqual(names, [
      'http(http://a/search)',
      'elasticsearch(http://a/i)',
      'opensearch(http://a/i)',
      'postgres(products)',
      'postgres(sql)',
      'command(python3 search.py)',
    ]);
    specs.slice(0, -1).forEach((spec) => {
      assert.deepEqual(read(spec), spec);
    });
    assert.deepEqual(read(specs.at(-1)), { ...specs.at(-1), folder: '/work/tools' });
  });

  it('names the field that is missing, wrong or unknown', () => {
    const http = { kind: 'http', url: 'http://a' };
    const cases: readonly [spec: unknown, message: RegExp][] = [
      [[], /^shop\.json: a recommender must be an object, got \[\]\.$/],
      [{}, /"kind" is missing/],
      [{ kind: 'solr' }, /"kind" must be one of http, elasticsearch, opensearch, postgres, command, got "solr"/],
      [{ kind: 'http' }, /"url" is missing/],
      [{ ...http, timeout: 5 }, /there is no option "timeout" here; known are .*timeoutMillis/],
      [{ ...http, attempts: 0 }, /"attempts" must be a whole number from 1 to 20, got 0/],
      [{ ...http, auth: { token: 'A' } }, /shop\.json, "auth": there is no option "token" here/],
      [{ ...http, auth: {} }, /give one of "bearer", "apiKey" and "basic"/],
      [{ ...http, auth: { bearer: 'A', basic: 'B' } }, /give one of/],
      [{ ...http, headers: { 'X: Y': 'A' } }, /"X: Y" is no name of a header/],
      [{ kind: 'elasticsearch', url: 'http://a', index: 'i' }, /"fields" or "template" is missing/],
      [{ kind: 'elasticsearch', url: 'http://a', index: 'i', fields: 'title' }, /"fields" must be a list of texts/],
      [{ kind: 'postgres', table: 't', id: 'i', weights: [1] }, /"weights" must be 4 numbers from 0 to 1/],
      [{ kind: 'postgres', table: 't', id: 'i', batchSize: 4 }, /no option "batchSize"/],
      [{ kind: 'command', command: 'python3 search.py' }, /"command" must be a list of texts/],
    ];
    for (const [spec, message] of cases) {
      assert.throws(() => networkOptions(spec, 'shop.json', '/work'), (error) => error instanceof UserError && message.test(error.message), String(message)); // prettier-ignore
    }
  });

  it('does not show a key that was written where the name of a variable belongs', () => {
    const spec = { kind: 'http', url: 'http://a', auth: { bearer: 'sk-live-0123' } };
    assert.throws(
      () => networkOptions(spec, 'shop.json', '/work'),
      (error: Error) =>
        /must be the name of an environment variable/.test(error.message) && !error.message.includes('sk-'),
    );
  });
});
