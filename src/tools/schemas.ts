/**
 * @file The JSON schemas of files that people write, in the editor's languages. `media/NAME.schema.json` is English; its
 * translation `media/NAME.schema.XX.json` is made from it, and package.nls.XX.json names it to the editor. What a run setting is
 * about is translated in package.nls.XX.json, where the settings editor has it from; all other texts are in the bundle.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { configurationSchema, STRING_PREFIX, type Translate } from './training-settings.ts';

type Texts = Readonly<Record<string, string>>;

/** What a schema says to people; everything else in it is for the editor. */
const SHOWN: readonly string[] = ['title', 'description', 'label'];
/** The one that is itself made, of the table of settings. */
const RUN_SCHEMA = 'run.schema.json';

/** The content of each translated schema by its path from the root. A text without a translation stays English. */
export function translatedSchemas(root: string): Texts {
  const languages = globSync('package.nls.*.json', { cwd: root }).map((file) => file.split('.').at(-2)!);
  const files = languages.flatMap((language) => {
    const translate = translator(root, language);
    return englishSchemas(root).map((name) => [
      `media/${name.replace(/json$/, `${language}.json`)}`,
      contentOf(schemaIn(root, name, translate)),
    ]);
  });
  return Object.fromEntries(files) as Texts;
}

/** The texts of the schemas that a bundle has to have. */
export function schemaTexts(root: string): readonly string[] {
  const texts = new Set<string>();
  for (const name of englishSchemas(root)) {
    schemaIn(root, name, (text) => {
      texts.add(text);
      return text;
    });
  }
  const abouts = new Set(settingTexts(root, 'package.nls.json').values());
  return [...texts].filter((text) => !abouts.has(text));
}

/** A schema as it stands in a file. */
export function contentOf(schema: object): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function englishSchemas(root: string): readonly string[] {
  return globSync('media/*.schema.json', { cwd: root }).map((file) => basename(file));
}

function schemaIn(root: string, name: string, translate: Translate): object {
  if (name === RUN_SCHEMA) return configurationSchema(translate);
  return translated(JSON.parse(readFileSync(join(root, 'media', name), 'utf8')), translate) as object;
}

function translated(part: unknown, translate: Translate): unknown {
  if (Array.isArray(part)) return part.map((item) => translated(item, translate));
  if (typeof part !== 'object' || part === null) return part;
  const entries = Object.entries(part).map(([key, value]: [string, unknown]) => [
    key,
    SHOWN.includes(key) && typeof value === 'string' ? translate(value) : translated(value, translate),
  ]);
  return Object.fromEntries(entries) as object;
}

function translator(root: string, language: string): Translate {
  const texts = new Map(Object.entries(readTexts(root, `media/l10n/bundle.l10n.${language}.json`)));
  const abouts = settingTexts(root, `package.nls.${language}.json`);
  for (const [key, english] of settingTexts(root, 'package.nls.json')) texts.set(english, abouts.get(key) ?? english);
  return (text) => texts.get(text) ?? text;
}

/** What each run setting is about, by the text's key. */
function settingTexts(root: string, file: string): ReadonlyMap<string, string> {
  return new Map(Object.entries(readTexts(root, file)).filter(([key]) => key.startsWith(STRING_PREFIX)));
}

/** A file that is missing is named by `translations.ts`. */
function readTexts(root: string, file: string): Texts {
  const path = join(root, file);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Texts) : {};
}
