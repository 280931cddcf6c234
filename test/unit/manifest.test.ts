import { PROMPT_STYLES } from '../../src/data/prompt.ts';
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/base/package-root.ts';
import { configurationSchema, describeTrainingSettings, STRING_PREFIX } from '../../src/tools/training-settings.ts';

interface Property {
  readonly type: string;
  readonly default: unknown;
  readonly description?: string;
  readonly markdownDescription?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Property>>;
}
interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command: string }[]>>;
    readonly jsonValidation: readonly { readonly url: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, Property>> };
  };
}

const read = (path: string): string => readFileSync(join(packageRoot(), path), 'utf8');
const manifestText = read('package.json');
const { contributes } = JSON.parse(manifestText) as Manifest;
const strings = JSON.parse(read('package.nls.json')) as Readonly<Record<string, string>>;
const declared = contributes.commands.map(({ command }) => command).sort();

describe('the manifest', () => {
  it('declares exactly the commands of the table', () => {
    // Read as text: the table itself cannot be loaded outside the editor.
    const table = read('src/extension/commands.ts').matchAll(/^ {2}'(rec-r1\.\w+)': /gm);
    assert.deepEqual([...table].map(([, name]) => name).sort(), declared);
  });

  it('offers only declared commands in its menus and in its welcome', () => {
    const inMenus = Object.values(contributes.menus).flatMap((items) => items.map(({ command }) => command));
    const inText = [...read('package.nls.json').matchAll(/\(command:(rec-r1\.\w+)\)/g)].map(([, name]) => name);
    for (const command of [...inMenus, ...inText]) assert.ok(declared.includes(command), command);
  });

  it('takes every string from package.nls.json, and leaves none there unused', () => {
    const used = [...manifestText.matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key);
    assert.deepEqual([...new Set(used)].sort(), Object.keys(strings).sort());
  });

  it('describes the training settings as the configuration table does (npm run manifest)', () => {
    const expected = describeTrainingSettings();
    const { properties } = contributes.configuration.properties['rec-r1.training'];
    assert.deepEqual(properties, expected.properties, 'run: npm run manifest');
    const described = Object.entries(strings).filter(([key]) => key.startsWith(STRING_PREFIX));
    assert.deepEqual(Object.fromEntries(described), expected.strings, 'run: npm run manifest');
  });

  it('describes them in the schema of configuration files too', () => {
    assert.deepEqual(JSON.parse(read('media/run.schema.json')), configurationSchema(), 'run: npm run manifest');
  });

  it('names the schemas of files that people write in every language', () => {
    const keys = contributes.jsonValidation.map(({ url }) => url.slice(1, -1));
    assert.equal(keys.length, globSync('media/*.schema.json', { cwd: packageRoot() }).length);
    for (const file of globSync('package.nls*.json', { cwd: packageRoot() })) {
      const [, suffix] = /^package\.nls(.*)$/.exec(file)!; // ".json", ".de.json"
      const texts = JSON.parse(read(file)) as Readonly<Record<string, string>>;
      for (const key of keys) {
        assert.equal(texts[key], `./media/${key.replace('schema.', '')}.schema${suffix}`, file);
        assert.doesNotThrow(() => read(texts[key]));
      }
    }
  });

  it('lets no impossible setting pass unseen: bounds, choices and defaults are in the schema', () => {
    const { properties } = contributes.configuration.properties['rec-r1.training'];
    assert.deepEqual(properties?.['reward.malformed'], {
      type: 'number',
      default: -2,
      minimum: -100,
      maximum: 100,
      description: '%training.reward.malformed%',
    });
    assert.equal(properties['rollout.prompts'].type, 'integer');
    assert.deepEqual(properties.promptStyle.enum, ['auto', ...PROMPT_STYLES]);
  });

  it('reads each declared setting in settings.ts, and no other', () => {
    const readThere = read('src/extension/settings.ts').matchAll(/\.get<.*>\('(\w+)'/g);
    assert.deepEqual(
      [...readThere].map(([, name]) => `rec-r1.${name}`).sort(),
      Object.keys(contributes.configuration.properties).sort(),
    );
  });
});
