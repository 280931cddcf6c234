import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readRetrieverSpec, recordedRetriever } from '../../../src/app/retriever-spec.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

describe('the setting retriever', () => {
  it('is a name, a URL, or a file whose content the run records', async (test) => {
    const read = async (setting: string): Promise<string> => JSON.stringify(await readRetrieverSpec(setting));
    assert.equal(await read('bm25'), '{"kind":"bm25"}');
    assert.equal(await read('http://a.b/c'), '{"kind":"http","url":"http://a.b/c"}');
    const file = join(temporaryFolder(test), 'shop.json');
    writeFileSync(file, '{ "kind": "http", "url": "https://shop.example/search" }');
    const recorded = await recordedRetriever(file);
    assert.equal(recorded, '{"kind":"http","url":"https://shop.example/search"}');
    assert.equal(await read(recorded), recorded);
  });

  it('may be dense or a hybrid of others, with paths that start at the file', async (test) => {
    const dir = temporaryFolder(test);
    const file = join(dir, 'shop.json');
    const dense = { kind: 'dense', encoder: 'minilm', vectors: 'int8', queryPrefix: '', documentVectors: 'v.jsonl' };
    writeFileSync(file, JSON.stringify({ kind: 'hybrid', parts: [{ kind: 'bm25' }, dense], weights: [1, 0.5] }));
    const recorded = await recordedRetriever(file);
    const opened = { ...dense, encoder: join(dir, 'minilm'), documentVectors: join(dir, 'v.jsonl') };
    assert.deepEqual(JSON.parse(recorded), { kind: 'hybrid', parts: [{ kind: 'bm25' }, opened], weights: [1, 0.5] });
    assert.equal(JSON.stringify(await readRetrieverSpec(recorded)), recorded);
  });

  it('says in one sentence what is wrong with it', async (test) => {
    const file = join(temporaryFolder(test), 'shop.json');
    const problems: readonly (readonly [string, RegExp])[] = [
      ['[1]', /shop\.json must be a JSON object, got \[1\]\.$/],
      ['{', /shop\.json is not JSON/],
      ['{"kind":"solr"}', /shop\.json: "kind" must be one of bm25, dense, hybrid, .*, got "solr"\.$/],
      ['{"kind":"dense"}', /shop\.json: "encoder" is missing\.$/],
      ['{"kind":"dense","encoder":"e","pooling":"max"}', /"pooling" must be one of mean, cls, got "max"\.$/],
      ['{"kind":"hybrid","parts":[{"kind":"bm25"}]}', /"parts" must be a list of at least 2, got \[/],
      ['{"kind":"hybrid","parts":[{"kind":"bm25"},{"kind":"x"}]}', /shop\.json, part 2: "kind" must be one of/],
      ['{"kind":"hybrid","parts":[{"kind":"bm25"},{"kind":"bm25"}],"weights":[1]}', /must be 2 numbers from 0 to/],
      ['{"kind":"http"}', /shop\.json: "url" is missing\.$/],
    ];
    for (const [content, message] of problems) {
      writeFileSync(file, content);
      await assert.rejects(readRetrieverSpec(file), message);
    }
    await assert.rejects(readRetrieverSpec('elastic'), /retriever is "elastic"; it must be bm25, a URL such as/);
    await assert.rejects(readRetrieverSpec('missing.json'), /missing\.json does not exist/);
  });
});
