import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readRetrieverSpec } from '../../src/app/retriever-spec.ts';
import { messageOf } from '../../src/base/errors.ts';
import { packageRoot } from '../../src/base/package-root.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

interface Schema {
  readonly properties: { readonly kind: { readonly enum: readonly string[] } };
  readonly definitions: Readonly<
    Record<string, { readonly required: readonly string[]; readonly properties: Readonly<Record<string, unknown>> }>
  >;
}
const schema = JSON.parse(readFileSync(join(packageRoot(), 'media/recommender.schema.json'), 'utf8')) as Schema;

/** The least that each kind needs; kinds with two forms have both. */
const LEAST: Readonly<Record<string, readonly object[]>> = {
  bm25: [{}],
  dense: [{ encoder: 'e' }],
  hybrid: [{ parts: [{ kind: 'bm25' }, { kind: 'bm25' }] }],
  http: [{ url: 'http://localhost' }],
  elasticsearch: [{ url: 'http://localhost', index: 'i', fields: ['f'] }],
  opensearch: [{ url: 'http://localhost', index: 'i', fields: ['f'] }],
  postgres: [{ table: 't', id: 'i', fields: ['f'] }, { sql: 'select $1, $2' }],
  command: [{ command: ['c'] }],
};

/** The options that the reader names when it meets one that it does not know. */
async function knownOptions(test: TestContext, description: object): Promise<string[]> {
  const file = join(temporaryFolder(test), 'a.json');
  writeFileSync(file, JSON.stringify({ ...description, misspelt: 1 }));
  try {
    await readRetrieverSpec(file);
  } catch (error) {
    const [, known] = /there is no option "misspelt" here; known are (.*)\.$/.exec(messageOf(error)) ?? [];
    return known.split(', ');
  }
  return assert.fail(`${JSON.stringify(description)} takes an option that nobody knows`);
}

describe('the schema of recommender files', () => {
  it('knows every kind', async (test) => {
    assert.deepEqual(Object.keys(schema.definitions), schema.properties.kind.enum);
    assert.deepEqual(Object.keys(LEAST).sort(), [...schema.properties.kind.enum].sort());
    const file = join(temporaryFolder(test), 'a.json');
    writeFileSync(file, '{"kind":"solr"}');
    const all = [...schema.properties.kind.enum].sort();
    await assert.rejects(readRetrieverSpec(file), (error) => {
      const [, kinds] = /must be one of (.*), got "solr"/.exec(messageOf(error)) ?? [];
      assert.deepEqual(kinds.split(', ').sort(), all);
      return true;
    });
  });

  it('offers exactly the options that the reader knows, and demands no other', async (test) => {
    for (const [kind, forms] of Object.entries(LEAST)) {
      const known = new Set<string>(['kind']);
      for (const form of forms) for (const name of await knownOptions(test, { kind, ...form })) known.add(name);
      const { properties, required } = schema.definitions[kind];
      // A form of its own reads neither "template" nor "fields" when it has the other.
      assert.deepEqual(Object.keys(properties).sort(), [...known].sort(), kind);
      for (const name of required)
        assert.ok(
          forms.every((form) => name === 'kind' || name in form),
          `${kind}: ${name}`,
        );
    }
  });
});
