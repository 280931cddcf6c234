/**
 * @file `npm run manifest`: writes the run settings into package.json, package.nls.json and the schema of configuration files,
 * after a change of the table in `app/settings.ts`, and every schema in the languages that there are, after one of a schema or a
 * translation. The rest of the first two is kept as it is.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentOf, translatedSchemas } from './schemas.ts';
import { configurationSchema, describeTrainingSettings, STRING_PREFIX } from './training-settings.ts';

interface Manifest {
  readonly contributes: {
    readonly configuration: { readonly properties: Record<string, { properties?: object }> };
  };
}

const root = join(import.meta.dirname, '../..');

function rewrite<T>(name: string, change: (content: T) => T): void {
  const path = join(root, name);
  const content = change(JSON.parse(readFileSync(path, 'utf8')) as T);
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`);
}

const { properties, strings } = describeTrainingSettings();
rewrite<Manifest>('package.json', (manifest) => {
  manifest.contributes.configuration.properties['rec-r1.training'].properties = properties;
  return manifest;
});
rewrite<Record<string, string>>('package.nls.json', (before) => {
  const others = Object.entries(before).filter(([key]) => !key.startsWith(STRING_PREFIX));
  return { ...Object.fromEntries(others), ...strings };
});
writeFileSync(join(root, 'media/run.schema.json'), contentOf(configurationSchema()));
for (const [file, content] of Object.entries(translatedSchemas(root))) writeFileSync(join(root, file), content);
